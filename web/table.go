package web

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"

	"github.com/cdkweb/cdkweb/internal/check"
	"github.com/cdkweb/cdkweb/internal/token"
)

// Access is what a service may do with what is in a table.
type Access string

const (
	// Read is getting, querying and scanning items.
	Read Access = "read"

	// Write is putting, updating and deleting items.
	Write Access = "write"

	// ReadWrite is both.
	ReadWrite Access = "read and write"
)

// tableUse is a table that a variable names, with the accesses granted.
type tableUse struct {
	table   awsdynamodb.ITable
	granted map[Access]bool
}

// grants maps an access to the CDK's grant of it.
var grants = map[Access]func(awsdynamodb.ITable, awsiam.IGrantable) awsiam.Grant{
	Read:      awsdynamodb.ITable.GrantReadData,
	Write:     awsdynamodb.ITable.GrantWriteData,
	ReadWrite: awsdynamodb.ITable.GrantReadWriteData,
}

// UseTable lets the server use a DynamoDB table: it grants the access, with the table's indexes and
// key, and sets the environment variable to the table's name. Calling it again with the same table
// widens the access. It panics with an [*InvalidPropsError] if the variable is something else
// already; then nothing was granted or set.
//
// The table may be an awsdynamodb.Table, a TableV2 or an imported one. Of an imported table the CDK
// knows indexes and key only if it was imported with them (awsdynamodb.TableAttributes).
func (s *Service) UseTable(variable string, table awsdynamodb.ITable, access Access) {
	field := fmt.Sprintf("UseTable(%q)", variable)
	var problems []Problem
	grant, ok := grants[access]
	if !ok {
		problems = append(
			problems,
			Problem{
				Field:   field,
				Message: "access must be web.Read, web.Write or web.ReadWrite",
				Got:     string(access),
			},
		)
	}
	used, again := s.tables[variable]
	switch {
	case isNil(table):
		problems = append(problems, Problem{Field: field, Message: "table must not be nil"})
	case again && used.table != table:
		problems = append(
			problems,
			Problem{
				Field: field,
				Fix:   "choose another name",
				Message: fmt.Sprintf("names the table %s already, and cannot name %s too",
					*used.table.Node().Path(), *table.Node().Path()),
			},
		)
	case !again:
		if problem := s.checkVariable(variable, *table.TableName()); problem != nil {
			problem.Field = field
			problems = append(problems, *problem)
		}
	}
	if len(problems) > 0 {
		s.panic(problems...)
	}

	if !again {
		s.setVariable(variable, *table.TableName())
		used = tableUse{table, map[Access]bool{}}
		s.tables[variable] = used
		s.warnOfTable(table)
	}
	if !used.granted[access] {
		grant(table, s)
		used.granted[access] = true
	}
}

// warnOfTable warns of a table that the server would look for in its own account and region.
func (s *Service) warnOfTable(table awsdynamodb.ITable) {
	where, target := table.Env(), s.check.Target
	account, region := token.Literal(*where.Account), token.Literal(*where.Region)
	if arn := strings.Split(*table.TableArn(), ":"); len(arn) == 6 && !token.In(*table.TableArn()) {
		region, account = arn[3], arn[4] // of an imported one, which takes its Env from its stack
	}
	var elsewhere []string
	for _, difference := range []struct{ what, table, own string }{
		{"account", account, target.Account}, {"region", region, target.Region},
	} {
		if difference.table != "" && difference.own != "" && difference.table != difference.own {
			elsewhere = append(elsewhere, difference.what+" "+difference.table)
		}
	}
	if len(elsewhere) > 0 {
		awscdk.Annotations_Of(s).AddWarningV2(new(TableWarning), new(fmt.Sprintf(
			"the table %s is in %s, and the variable holds only its name: the server must open it there itself, or it looks in its own account and region",
			*table.Node().Path(),
			check.And(elsewhere),
		)))
	}
}
