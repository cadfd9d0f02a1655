// Package loggroup is the log group of a service, alike on every hosting that lets the service own it.
package loggroup

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
)

// DefaultRetention in days: logs are kept long enough to look into last month, and do not grow for ever.
const DefaultRetention = 30

// retentions are the numbers of days that CloudWatch Logs knows (AWS::Logs::LogGroup RetentionInDays).
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

// Validate checks a hosting's options LogGroup and LogRetentionInDays.
func Validate(group awslogs.ILogGroup, days int) []error {
	var errs []error
	if _, ok := retentions[days]; !ok && days != 0 {
		errs = append(errs, fmt.Errorf("LogRetentionInDays must be one of %v, got %d", slices.Sorted(maps.Keys(retentions)), days))
	}
	if group != nil && days != 0 {
		errs = append(errs, errors.New("LogGroup excludes LogRetentionInDays; set the retention where the log group is made"))
	}
	return errs
}

// New makes a log group that keeps what it gets for a number of days, [DefaultRetention] for zero. It goes when the service goes: who
// wants to keep logs brings a log group.
func New(scope constructs.Construct, id string, days int) awslogs.LogGroup {
	if days == 0 {
		days = DefaultRetention
	}
	return awslogs.NewLogGroup(scope, &id, &awslogs.LogGroupProps{
		Retention:     retentions[days],
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
}
