package docstest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// names are what snippets use without saying where it comes from, and its types. A page says it of
// others in a comment before the block:
//
//	<!-- snippet: site *web.Service; database awsrds.DatabaseInstance -->
var names = map[string]string{
	"app":        "web.Workload",
	"asset":      "awsecrassets.DockerImageAsset",
	"database":   "awsec2.IConnectable",
	"key":        "awskms.IKey",
	"m":          "*testing.M",
	"newShop":    "func(app awscdk.App, id string) awscdk.Stack",
	"next":       "*web.Service",
	"orders":     "awsdynamodb.ITable",
	"parameter":  "awsssm.IParameter",
	"repository": "awsecr.IRepository",
	"secret":     "awssecretsmanager.ISecret",
	"site":       "*web.Service",
	"stack":      "awscdk.Stack",
	"t":          "*testing.T",
	"vpc":        "awsec2.IVpc",
}

// snippet is Go of a page: a block, or a call or a composite literal in its text.
type snippet struct {
	file  string
	line  int // of its first line of code
	code  string
	names map[string]string // those that the page declares for it
}

var (
	declaration = regexp.MustCompile(`^<!-- snippet: (.*) -->$`)
	inlineCode  = regexp.MustCompile("`([^`]+)`")
	qualifier   = regexp.MustCompile(`\b([a-z][a-z0-9]*)\.`)
)

// extract returns the snippets of a page.
func extract(file, page string, packages map[string]string) ([]snippet, error) {
	var snippets []snippet
	var block []string
	var declared map[string]string
	open := 0 // the line of the block that is open
	language := ""
	for i, line := range strings.Split(page, "\n") {
		number, trimmed := i+1, strings.TrimSpace(line)
		fence, isFence := strings.CutPrefix(trimmed, "```")
		switch {
		case isFence && open == 0:
			open, language, block = number, fence, nil
		case isFence:
			if language == "go" {
				code := strings.Join(block, "\n")
				snippets = append(snippets, snippet{file, open + 1, code, declared})
				declared = nil
			}
			open = 0
		case open > 0:
			block = append(block, line)
		case declaration.MatchString(trimmed):
			declared = map[string]string{}
			for one := range strings.SplitSeq(declaration.FindStringSubmatch(trimmed)[1], ";") {
				name, kind, ok := strings.Cut(strings.TrimSpace(one), " ")
				if !ok {
					return nil, fmt.Errorf("%s:%d: %q is no name with a type", file, number, one)
				}
				declared[name] = kind
			}
		default:
			for _, found := range inlineCode.FindAllStringSubmatch(line, -1) {
				if statement, ok := asStatement(found[1], packages); ok {
					snippets = append(snippets, snippet{file, number, statement, nil})
				}
			}
		}
	}
	if open > 0 {
		return nil, fmt.Errorf("%s:%d: the block has no end", file, open)
	}
	if declared != nil {
		return nil, fmt.Errorf("%s: the last declaration of a snippet has no snippet", file)
	}
	return snippets, nil
}

// asStatement returns a call or a composite literal of something known as a statement.
func asStatement(code string, packages map[string]string) (string, bool) {
	expression, err := parser.ParseExpr(code)
	if err != nil {
		return "", false
	}
	statement := code
	var first ast.Expr
	switch expression := expression.(type) {
	case *ast.CallExpr:
		first = expression.Fun
	case *ast.CompositeLit:
		first, statement = expression.Type, "_ = "+code
	}
	for {
		switch inside := first.(type) {
		case *ast.SelectorExpr:
			first = inside.X
		case *ast.CallExpr:
			first = inside.Fun
		case *ast.TypeAssertExpr:
			first = inside.X
		case *ast.Ident:
			_, isName := names[inside.Name]
			_, isPackage := packages[inside.Name]
			return statement, inside != expression && (isName || isPackage)
		default:
			return "", false
		}
	}
}

// source makes a package of a snippet: a whole program as it is, declarations and statements with
// the imports and names that they use. Positions in it are those of the page.
func (s snippet) source(packages map[string]string) (string, error) {
	position := fmt.Sprintf("//line %s:%d\n", s.file, s.line)
	if strings.HasPrefix(s.code, "package ") {
		// As no command it is compiled, but not linked.
		return position + strings.Replace(s.code, "package main", "package snippet", 1), nil
	}
	body, end := position+s.code, ""
	file, err := parse("package snippet\n" + body)
	if err != nil {
		body, end = "func _() {\n"+position+s.code+"\n", "}"
		if file, err = parse("package snippet\n" + body + end); err != nil {
			return "", err
		}
		function := file.Decls[len(file.Decls)-1].(*ast.FuncDecl)
		for _, name := range defined(function.Body.List) {
			body += "_ = " + name + "\n"
		}
	}

	imports, variables := map[string]bool{}, map[string]string{}
	for _, identifier := range file.Unresolved {
		name := identifier.Name
		kind, ok := s.names[name]
		if path := packages[name]; !ok && path != "" {
			imports[path] = true
			continue
		}
		if !ok {
			kind, ok = names[name]
		}
		if !ok {
			continue // predeclared, or the compiler reports it
		}
		variables[name] = kind
		for _, found := range qualifier.FindAllStringSubmatch(kind, -1) {
			if path := packages[found[1]]; path != "" {
				imports[path] = true
			}
		}
	}
	head := "package snippet\n"
	for _, path := range slices.Sorted(maps.Keys(imports)) {
		head += fmt.Sprintf("import %q\n", path)
	}
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		head += fmt.Sprintf("var %s %s\n", name, variables[name])
	}
	return head + body + end, nil
}

func parse(source string) (*ast.File, error) {
	return parser.ParseFile(token.NewFileSet(), "", source, 0)
}

// defined returns the variables that statements define and that the compiler may find unused.
func defined(statements []ast.Stmt) []string {
	var found []string
	add := func(expression ast.Expr) {
		if name, ok := expression.(*ast.Ident); ok && name.Name != "_" {
			found = append(found, name.Name)
		}
	}
	for _, statement := range statements {
		switch statement := statement.(type) {
		case *ast.AssignStmt:
			if statement.Tok == token.DEFINE {
				for _, name := range statement.Lhs {
					add(name)
				}
			}
		case *ast.DeclStmt:
			for _, spec := range statement.Decl.(*ast.GenDecl).Specs {
				if values, ok := spec.(*ast.ValueSpec); ok {
					for _, name := range values.Names {
						add(name)
					}
				}
			}
		}
	}
	return found
}
