package settings

// The settings that keep clients from a server who do not come through its front, or not from where
// they should.
const (
	// FrontSecrets names the variable with the secrets of which the front sends one.
	FrontSecrets = "CDKWEB_FRONT_SECRETS"

	// FrontHeader is the header in which it does.
	FrontHeader = "X-Origin-Verify"

	// AllowFrom names the variable with the addresses that requests may come from.
	AllowFrom = "CDKWEB_ALLOW_FROM"
)
