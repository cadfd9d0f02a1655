package web

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"

	"github.com/cdkweb/cdkweb/internal/check"
)

// UseTable lets the server use a DynamoDB table: it grants the access, with the table's indexes and
// key, and sets the environment variable to the table's name. Calling it again with the same table
// widens the access. It panics with an [*InvalidPropsError] if the variable is something else
// already; then nothing was granted or set.
//
// [Read] is getting, querying and scanning items, [Write] is putting, updating and deleting them:
// the CDK's GrantReadData and GrantWriteData.
//
// The table may be an awsdynamodb.Table, a TableV2 or an imported one. Of an imported table the CDK
// knows indexes and key only if it was imported with them (awsdynamodb.TableAttributes).
func (s *Service) UseTable(variable string, table awsdynamodb.ITable, access Access) {
	use(s, &tables, variable, table, access)
}

var tables = kind[awsdynamodb.ITable]{
	name:     "table",
	method:   "UseTable",
	endpoint: "dynamodb",
	value:    awsdynamodb.ITable.TableName,
	arn:      awsdynamodb.ITable.TableArn,
	grants: map[Access]grant[awsdynamodb.ITable]{
		Read:      awsdynamodb.ITable.GrantReadData,
		Write:     awsdynamodb.ITable.GrantWriteData,
		ReadWrite: awsdynamodb.ITable.GrantReadWriteData,
	},
	warning:   TableWarning,
	elsewhere: byName,
}

// byName is the text about a table elsewhere: by its name the server would look for it in its own
// account and region.
func byName(_ awscdk.IResource, name, account, region string) string {
	var where []string
	if account != "" {
		where = append(where, "account "+account)
	}
	if region != "" {
		where = append(where, "region "+region)
	}
	return fmt.Sprintf(
		"the %s is in %s, and the variable holds only its name: the server must open it there itself, "+
			"or it looks in its own account and region",
		name,
		check.And(where),
	)
}
