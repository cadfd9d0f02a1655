package cdk

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
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
	Key(field string, key awskms.IKey)
}

// Logs are a hosting's options LogGroup, LogRetentionInDays and LogEncryptionKey.
type Logs struct {
	Group awslogs.ILogGroup
	Days  int
	Key   awskms.IKey
}

// Set are the names of the options that describe a new log group.
func (l Logs) Set() []string {
	var set []string
	if l.Days != 0 {
		set = append(set, "LogRetentionInDays")
	}
	if l.Key != nil {
		set = append(set, "LogEncryptionKey")
	}
	return set
}

// Check checks the options.
func (l Logs) Check(c checker) {
	if l.Days != 0 {
		var known []string
		for _, days := range slices.Sorted(maps.Keys(retentions)) {
			known = append(known, strconv.Itoa(days))
		}
		c.OneOf("LogRetentionInDays", strconv.Itoa(l.Days), known)
	}
	c.Key("LogEncryptionKey", l.Key)
	what := map[string]string{
		"LogRetentionInDays": "the retention",
		"LogEncryptionKey":   "the key",
	}
	set := l.Set()
	fix := "them"
	if len(set) == 1 {
		fix = what[set[0]]
	}
	c.Excludes("LogGroup", l.Group != nil && len(set) > 0, set, "set "+fix+" where the log group is made")
}

// LogKeyWarning is the id of the warning about a key whose policy this app cannot change.
const LogKeyWarning = "cdkweb:log-key-policy"

// Define returns the user's log group or makes one, which keeps what it gets for a number of days
// (0: 30) and is deleted with the service. It lets CloudWatch Logs use the key, and warns if it
// cannot.
func (l Logs) Define(
	scope constructs.Construct,
	warn func(id, message string),
) awslogs.ILogGroup {
	if l.Group != nil {
		return l.Group
	}
	props := &awslogs.LogGroupProps{
		Retention:     retentions[cmp.Or(l.Days, defaultRetention)],
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	}
	if l.Key != nil {
		props.EncryptionKey = l.Key
		l.letLogsUse(scope, warn)
	}
	return awslogs.NewLogGroup(scope, new("LogGroup"), props)
}

// letLogsUse adds to the key's policy what CloudWatch Logs asks for ("Encrypt log data in
// CloudWatch Logs using AWS Key Management Service"), which the CDK's log group does not. The log
// groups are all those of the service's account: the name of this one is not known before there is
// a key.
func (l Logs) letLogsUse(scope constructs.Construct, warn func(id, message string)) {
	stack := awscdk.Stack_Of(scope)
	logs := "logs." + *stack.Region() + "." + *stack.UrlSuffix()
	groups := stack.FormatArn(&awscdk.ArnComponents{
		Service:      new("logs"),
		Resource:     new("log-group"),
		ResourceName: new("*"),
		ArnFormat:    awscdk.ArnFormat_COLON_RESOURCE_NAME,
	})
	added := l.Key.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions: List([]string{
			"kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*",
		}),
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(&logs, nil)},
		Resources:  &[]*string{new("*")}, // the key itself
		Conditions: &map[string]any{
			"ArnLike": map[string]any{"kms:EncryptionContext:aws:logs:arn": groups},
		},
	}), new(true))
	if !*added.StatementAdded {
		warn(LogKeyWarning, "the policy of LogEncryptionKey "+*l.Key.Node().Path()+
			" is not this app's to change: it must let logs.REGION.amazonaws.com use the key, or the log group cannot be made")
	}
}
