package web

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
)

// UseBucket lets the server use an S3 bucket: it grants the access, with the bucket's key, and sets
// the environment variable to the bucket's name. Calling it again with the same bucket widens the
// access. It panics with an [*InvalidPropsError] if the variable is something else already; then
// nothing was granted or set.
//
// [Read] is getting and listing objects, [Write] is putting and deleting them, with uploads in
// several parts. This is less than the CDK's GrantRead and GrantWrite, which also grant versions,
// tags, locks and reading the bucket's settings. A server that needs those gets them in addition
// with bucket.GrantRead(service, nil) or bucket.GrantWrite(service, nil, nil).
//
// The bucket may be an imported one. Its key is known only if it was imported with it
// (awss3.BucketAttributes).
func (s *Service) UseBucket(variable string, bucket awss3.IBucket, access Access) {
	use(s, &buckets, variable, bucket, access)
}

var buckets = kind[awss3.IBucket]{
	name:     "bucket",
	method:   "UseBucket",
	endpoint: "s3",
	value:    awss3.IBucket.BucketName,
	arn:      awss3.IBucket.BucketArn,
	grants: map[Access]grant[awss3.IBucket]{
		// Without ListBucket, a request for an object that is not there is a 403 instead of a 404.
		Read: onBucket(
			[]string{"", "/*"},
			[]string{"s3:GetObject", "s3:ListBucket"},
			[]string{"kms:Decrypt"},
		),
		// PutObject starts an upload in several parts too, which has to decrypt.
		Write: onBucket(
			[]string{"/*"},
			[]string{"s3:PutObject", "s3:AbortMultipartUpload", "s3:DeleteObject"},
			[]string{"kms:GenerateDataKey", "kms:Decrypt"},
		),
		ReadWrite: onBucket(
			[]string{"", "/*"},
			[]string{
				"s3:GetObject", "s3:ListBucket",
				"s3:PutObject", "s3:AbortMultipartUpload", "s3:DeleteObject",
			},
			[]string{"kms:GenerateDataKey", "kms:Decrypt"},
		),
	},
	warning:   BucketWarning,
	elsewhere: byPolicy,
}

// onBucket is the grant of actions on what is named by the bucket's ARN with these ends: "" is the
// bucket, "/*" are its objects.
func onBucket(ends, actions, keyActions []string) grant[awss3.IBucket] {
	return func(bucket awss3.IBucket, to awsiam.IGrantable) awsiam.Grant {
		var arns []string
		for _, end := range ends {
			arns = append(arns, *bucket.BucketArn()+end)
		}
		return grantOn(bucket, arns, actions, bucket.EncryptionKey(), keyActions, to)
	}
}
