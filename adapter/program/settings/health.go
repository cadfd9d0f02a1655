package settings

import "time"

// What the program's command health takes if its arguments do not say.
const (
	HealthStatusCodes = "200-499"
	HealthTimeout     = 5 * time.Second
)
