package web

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
)

// UseTopic lets the server publish to an SNS topic: it grants sns:Publish, with what that needs of
// the topic's key, and sets the environment variable to the topic's ARN. It panics with an
// [*InvalidPropsError] if the variable is something else already; then nothing was granted or set.
//
// The topic may be an imported one. Its key is known only if it was imported with it
// (awssns.TopicAttributes). What a FIFO topic needs in each message, a group for instance, is up to
// the server.
func (s *Service) UseTopic(variable string, topic awssns.ITopic) {
	use(s, &topics, variable, topic, Write)
}

var topics = kind[awssns.ITopic]{
	name:     "topic",
	method:   "UseTopic",
	endpoint: "sns",
	value:    awssns.ITopic.TopicArn,
	arn:      awssns.ITopic.TopicArn,
	grants: map[Access]grant[awssns.ITopic]{
		Write: func(topic awssns.ITopic, to awsiam.IGrantable) awsiam.Grant {
			return grantOn(
				topic, []string{*topic.TopicArn()}, []string{"sns:Publish"},
				topic.MasterKey(), []string{"kms:GenerateDataKey", "kms:Decrypt"},
				to,
			)
		},
	},
	warning:   TopicWarning,
	elsewhere: byPolicy,
}
