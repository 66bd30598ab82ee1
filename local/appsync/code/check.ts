import ts from 'typescript';
import { checkCalls } from './check-calls.ts';
import { checkNames } from './check-names.ts';
import { supportedModules } from './supported.ts';

/** Something in a file that APPSYNC_JS would refuse. Lines count from 1. */
export interface Finding {
  line: number;
  message: string;
}

export type Report = (node: ts.Node, message: string) => void;

/**
 * Finds what APPSYNC_JS does not support in the code of a resolver or function: AWS's list of features
 * (https://docs.aws.amazon.com/appsync/latest/devguide/supported-features.html) and its lint plugin's rules, and what the
 * plugin misses (throw, new, BigInt, timers). TypeScript's types and type imports are let pass, so that the same check
 * serves sources and bundles. Recursion across files shows in the bundle only.
 */
export function checkCode(source: string, options: { modules?: 'any' | 'appsync' } = {}): Finding[] {
  const file = ts.createSourceFile('code.ts', source, ts.ScriptTarget.ESNext, true, ts.ScriptKind.TS);
  const findings: Finding[] = [];
  const report: Report = (node, message) => {
    findings.push({ line: file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1, message });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return;
    const refused = refusedSyntax(node);
    if (refused) report(node, `${refused} is not supported`);
    if (ts.isImportDeclaration(node) && options.modules !== 'any') checkImport(node, report);
    ts.forEachChild(node, visit);
  };
  visit(file);
  checkNames(file, report);
  checkCalls(file, report);
  return findings.sort((a, b) => a.line - b.line);
}

const refusedKinds = new Map<ts.SyntaxKind, string>([
  [ts.SyntaxKind.TryStatement, 'try'],
  [ts.SyntaxKind.ThrowStatement, 'throw'],
  [ts.SyntaxKind.WhileStatement, 'while'],
  [ts.SyntaxKind.DoStatement, 'do-while'],
  [ts.SyntaxKind.ForStatement, 'for with a counter'],
  [ts.SyntaxKind.ContinueStatement, 'continue'],
  [ts.SyntaxKind.LabeledStatement, 'a label'],
  [ts.SyntaxKind.WithStatement, 'with'],
  [ts.SyntaxKind.ClassDeclaration, 'class'],
  [ts.SyntaxKind.ClassExpression, 'class'],
  [ts.SyntaxKind.AwaitExpression, 'await'],
  [ts.SyntaxKind.YieldExpression, 'yield'],
  [ts.SyntaxKind.AsyncKeyword, 'async'],
  [ts.SyntaxKind.ThisKeyword, 'this'],
  [ts.SyntaxKind.SuperKeyword, 'super'],
  [ts.SyntaxKind.NewExpression, 'new'],
  [ts.SyntaxKind.RegularExpressionLiteral, 'a regular expression literal (util.matches takes patterns)'],
  [ts.SyntaxKind.BigIntLiteral, 'BigInt'],
  [ts.SyntaxKind.PostfixUnaryExpression, '++ or --'],
  [ts.SyntaxKind.GetAccessor, 'a getter'],
  [ts.SyntaxKind.SetAccessor, 'a setter'],
]);

function refusedSyntax(node: ts.Node): string | undefined {
  const kind = refusedKinds.get(node.kind);
  if (kind) return kind;
  if (ts.isPrefixUnaryExpression(node)) {
    if (node.operator === ts.SyntaxKind.PlusPlusToken || node.operator === ts.SyntaxKind.MinusMinusToken)
      return '++ or --';
    if (node.operator === ts.SyntaxKind.TildeToken) return '~';
  }
  if (ts.isBinaryExpression(node)) {
    if (node.operatorToken.kind === ts.SyntaxKind.InKeyword) return 'in (Object.hasOwn tells)';
    if (node.operatorToken.kind === ts.SyntaxKind.InstanceOfKeyword) return 'instanceof';
  }
  if (ts.isForOfStatement(node) && node.awaitModifier) return 'for await';
  if (
    (ts.isFunctionDeclaration(node) || ts.isFunctionExpression(node) || ts.isMethodDeclaration(node)) &&
    node.asteriskToken
  ) {
    return 'a generator';
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) return 'import()';
  return undefined;
}

function checkImport(node: ts.ImportDeclaration, report: Report): void {
  const typesOnly = node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
  const module = ts.isStringLiteral(node.moduleSpecifier) ? node.moduleSpecifier.text : '';
  if (!typesOnly && !supportedModules.includes(module)) report(node, `the module ${module} is not supported`);
}
