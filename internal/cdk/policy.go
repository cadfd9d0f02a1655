package cdk

import "github.com/aws/aws-cdk-go/awscdk/v2/awsiam"

// Statement allows actions on a resource, an ARN or "*".
type Statement struct {
	Actions  []string
	Resource string
}

// Policy is a policy document, made with one call to Node instead of one for each statement.
func Policy(statements ...Statement) awsiam.PolicyDocument {
	var all []any
	for _, statement := range statements {
		all = append(
			all,
			map[string]any{
				"Effect":   "Allow",
				"Action":   statement.Actions,
				"Resource": statement.Resource,
			},
		)
	}
	return awsiam.PolicyDocument_FromJson(map[string]any{"Statement": all})
}
