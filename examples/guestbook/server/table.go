package main

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// book is the partition that holds all entries: one guestbook in one table.
const book = "main"

// tableTimeout bounds one call with its retries, so that a visitor gets a response before a gateway
// gives up (API Gateway: 30 s).
const tableTimeout = 10 * time.Second

// A tableStore keeps entries in a DynamoDB table.
type tableStore struct {
	client *dynamodb.Client
	name   string
}

// openTable takes region, credentials and endpoint from where the AWS SDK finds them. It calls
// nothing yet.
func openTable(ctx context.Context, name string) (*tableStore, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("load AWS configuration: %w", err)
	}
	return &tableStore{client: dynamodb.NewFromConfig(cfg), name: name}, nil
}

func (t *tableStore) List(ctx context.Context) ([]entry, error) {
	ctx, cancel := context.WithTimeout(ctx, tableTimeout)
	defer cancel()
	out, err := t.client.Query(ctx, &dynamodb.QueryInput{
		TableName:                 &t.name,
		KeyConditionExpression:    new("book = :book"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":book": text(book)},
		ScanIndexForward:          new(false), // newest first
		Limit:                     new(int32(maxEntries)),
	})
	if err != nil {
		return nil, err
	}
	entries := make([]entry, len(out.Items))
	for i, item := range out.Items {
		entries[i] = entry{
			ID: textOf(item["id"]), Name: textOf(item["name"]), Message: textOf(item["message"]),
		}
		// The page leaves a zero time out.
		entries[i].Time, _ = time.Parse(time.RFC3339Nano, textOf(item["time"]))
	}
	return entries, nil
}

func (t *tableStore) Add(ctx context.Context, e entry) error {
	ctx, cancel := context.WithTimeout(ctx, tableTimeout)
	defer cancel()
	_, err := t.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &t.name,
		Item: map[string]types.AttributeValue{
			"book":    text(book),
			"id":      text(e.ID),
			"name":    text(e.Name),
			"message": text(e.Message),
			"time":    text(e.Time.Format(time.RFC3339Nano)),
		},
	})
	return err
}

func (t *tableStore) Place() string { return "the DynamoDB table " + t.name }

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

// textOf returns the string in v, and "" when v holds none.
func textOf(v types.AttributeValue) string {
	if s, ok := v.(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}
