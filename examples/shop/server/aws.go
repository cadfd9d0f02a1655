package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// bucket keeps photos in Amazon S3.
type bucket struct {
	client *s3.Client
	name   string
}

func openBucket(config aws.Config, name string) *bucket {
	return &bucket{s3.NewFromConfig(config), name}
}

func (b *bucket) Put(ctx context.Context, name string, photo []byte) error {
	_, err := b.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &b.name, Key: &name, Body: bytes.NewReader(photo),
		ContentType: new(http.DetectContentType(photo)),
	})
	return err
}

func (b *bucket) Get(ctx context.Context, name string) ([]byte, error) {
	found, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &name})
	var missing *types.NoSuchKey
	if errors.As(err, &missing) {
		return nil, errNotFound
	}
	if err != nil {
		return nil, err
	}
	defer found.Body.Close()
	return io.ReadAll(found.Body)
}

// queue sends orders to Amazon SQS.
type queue struct {
	client *sqs.Client
	url    string
}

func openQueue(config aws.Config, url string) *queue {
	return &queue{sqs.NewFromConfig(config), url}
}

func (q *queue) Send(ctx context.Context, message []byte) error {
	_, err := q.client.SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl: &q.url, MessageBody: new(string(message)),
	})
	return err
}
