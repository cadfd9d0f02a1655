package cdk

import (
	"maps"
	"slices"
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
)

// defaultRetention in days: logs are kept long enough to look into last month, and do not grow for
// ever.
const defaultRetention = 30

// retentions are the numbers of days that CloudWatch Logs knows (AWS::Logs::LogGroup
// RetentionInDays).
var retentions = map[int]awslogs.RetentionDays{
	1: awslogs.RetentionDays_ONE_DAY, 3: awslogs.RetentionDays_THREE_DAYS, 5: awslogs.RetentionDays_FIVE_DAYS,
	7: awslogs.RetentionDays_ONE_WEEK, 14: awslogs.RetentionDays_TWO_WEEKS, 30: awslogs.RetentionDays_ONE_MONTH,
	60: awslogs.RetentionDays_TWO_MONTHS, 90: awslogs.RetentionDays_THREE_MONTHS, 120: awslogs.RetentionDays_FOUR_MONTHS,
	150: awslogs.RetentionDays_FIVE_MONTHS, 180: awslogs.RetentionDays_SIX_MONTHS, 365: awslogs.RetentionDays_ONE_YEAR,
	400: awslogs.RetentionDays_THIRTEEN_MONTHS, 545: awslogs.RetentionDays_EIGHTEEN_MONTHS, 731: awslogs.RetentionDays_TWO_YEARS,
	1096: awslogs.RetentionDays_THREE_YEARS, 1827: awslogs.RetentionDays_FIVE_YEARS, 2192: awslogs.RetentionDays_SIX_YEARS,
	2557: awslogs.RetentionDays_SEVEN_YEARS, 2922: awslogs.RetentionDays_EIGHT_YEARS, 3288: awslogs.RetentionDays_NINE_YEARS,
	3653: awslogs.RetentionDays_TEN_YEARS,
}

// checker is a *web.Check.
type checker interface {
	OneOf(field, got string, allowed []string, names ...string)
	Excludes(field string, set bool, others []string, fix string)
}

// CheckLogGroup checks a hosting's options LogGroup and LogRetentionInDays.
func CheckLogGroup(c checker, group awslogs.ILogGroup, days int) {
	if days == 0 {
		return
	}
	var known []string
	for _, days := range slices.Sorted(maps.Keys(retentions)) {
		known = append(known, strconv.Itoa(days))
	}
	c.OneOf("LogRetentionInDays", strconv.Itoa(days), known)
	c.Excludes(
		"LogGroup",
		group != nil,
		[]string{"LogRetentionInDays"},
		"set the retention where the log group is made",
	)
}

// LogGroup returns the user's log group or makes one, which keeps what it gets for a number of days
// (0: 30) and is deleted with the service.
func LogGroup(scope constructs.Construct, own awslogs.ILogGroup, days int) awslogs.ILogGroup {
	if own != nil {
		return own
	}
	if days == 0 {
		days = defaultRetention
	}
	return awslogs.NewLogGroup(scope, new("LogGroup"), &awslogs.LogGroupProps{
		Retention:     retentions[days],
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
}
