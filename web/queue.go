package web

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
)

// UseQueue lets the server use an SQS queue: it grants the access, with the queue's key, and sets
// the environment variable to the queue's URL. Calling it again with the same queue widens the
// access. It panics with an [*InvalidPropsError] if the variable is something else already; then
// nothing was granted or set.
//
// [Read] is consuming messages: receiving and deleting them, and changing how long they are hidden.
// [Write] is sending them. Both include looking up the queue's URL and attributes. These are the
// actions of the CDK's GrantConsumeMessages and GrantSendMessages; sending gets fewer on the key.
//
// The queue may be an imported one. Its key is known only if it was imported with it
// (awssqs.QueueAttributes). What a FIFO queue needs in each message, a group for instance, is up to
// the server.
func (s *Service) UseQueue(variable string, queue awssqs.IQueue, access Access) {
	use(s, &queues, variable, queue, access)
}

var queues = kind[awssqs.IQueue]{
	name:     "queue",
	method:   "UseQueue",
	endpoint: "sqs",
	value:    awssqs.IQueue.QueueUrl,
	arn:      awssqs.IQueue.QueueArn,
	grants: map[Access]grant[awssqs.IQueue]{
		Read: onQueue(
			[]string{
				"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility",
				"sqs:GetQueueUrl", "sqs:GetQueueAttributes",
			},
			[]string{"kms:Decrypt"},
		),
		Write: onQueue(
			[]string{"sqs:SendMessage", "sqs:GetQueueUrl", "sqs:GetQueueAttributes"},
			[]string{"kms:GenerateDataKey", "kms:Decrypt"},
		),
		ReadWrite: onQueue(
			[]string{
				"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility",
				"sqs:SendMessage", "sqs:GetQueueUrl", "sqs:GetQueueAttributes",
			},
			[]string{"kms:GenerateDataKey", "kms:Decrypt"},
		),
	},
	warning:   QueueWarning,
	elsewhere: byPolicy,
}

// onQueue is the grant of actions on a queue and on its key.
func onQueue(actions, keyActions []string) grant[awssqs.IQueue] {
	return func(queue awssqs.IQueue, to awsiam.IGrantable) awsiam.Grant {
		arns := []string{*queue.QueueArn()}
		return grantOn(queue, arns, actions, queue.EncryptionMasterKey(), keyActions, to)
	}
}
