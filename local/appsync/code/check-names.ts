import ts from 'typescript';
import type { Report } from './check.ts';
import { supportedGlobals, supportedStatics } from './supported.ts';

/** Reports globals that APPSYNC_JS does not have (Date, Map, timers, ...), and members of the ones it has but in part. */
export function checkNames(file: ts.SourceFile, report: Report): void {
  const declared = declaredNames(file);
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return;
    if (ts.isIdentifier(node) && isReference(node) && !declared.has(node.text)) checkGlobal(node, report);
    ts.forEachChild(node, visit);
  };
  visit(file);
  checkContext(file, report);
}

function checkGlobal(node: ts.Identifier, report: Report): void {
  const name = node.text;
  if (supportedGlobals.includes(name)) return;
  const members = supportedStatics[name];
  if (!members) {
    report(node, `${name} is not supported`);
    return;
  }
  const { parent } = node;
  if (!ts.isPropertyAccessExpression(parent) || parent.expression !== node) {
    report(node, `${name} is supported only for ${members.join(', ')}`);
  } else if (!members.includes(parent.name.text)) {
    report(node, `${name}.${parent.name.text} is not supported`);
  }
}

function declaredNames(file: ts.SourceFile): Set<string> {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    const declares =
      ts.isVariableDeclaration(node) ||
      ts.isParameter(node) ||
      ts.isBindingElement(node) ||
      ts.isFunctionDeclaration(node) ||
      ts.isFunctionExpression(node) ||
      ts.isImportSpecifier(node) ||
      ts.isNamespaceImport(node) ||
      ts.isImportClause(node);
    if (declares && node.name && ts.isIdentifier(node.name)) names.add(node.name.text);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return names;
}

/** Whether an identifier stands for a value, rather than naming a member, a property or a declaration. */
function isReference(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node;
  if (ts.isBindingElement(parent)) return parent.initializer === node;
  if (ts.isExportSpecifier(parent) || ts.isImportSpecifier(parent) || ts.isTypeParameterDeclaration(parent))
    return false;
  if (ts.isMethodDeclaration(parent) || ts.isPropertySignature(parent) || ts.isLabeledStatement(parent)) return false;
  return true;
}

/** The context is read only, its stash's content aside. */
function checkContext(file: ts.SourceFile, report: Report): void {
  for (const statement of file.statements) {
    if (!ts.isFunctionDeclaration(statement)) continue;
    if (statement.name?.text !== 'request' && statement.name?.text !== 'response') continue;
    const parameter = statement.parameters[0]?.name;
    if (parameter && ts.isIdentifier(parameter)) checkAssignments(statement, parameter.text, report);
  }
}

function checkAssignments(handler: ts.FunctionDeclaration, context: string, report: Report): void {
  const isContext = (node: ts.Node): boolean => ts.isIdentifier(node) && node.text === context;
  const isMember = (node: ts.Node): boolean => ts.isPropertyAccessExpression(node) && isContext(node.expression);
  const visit = (node: ts.Node): void => {
    const target = assignmentTarget(node);
    if (target && (isContext(target) || isMember(target)))
      report(node, `assigning to ${target.getText()} is not supported`);
    ts.forEachChild(node, visit);
  };
  visit(handler);
}

function assignmentTarget(node: ts.Node): ts.Node | undefined {
  if (ts.isDeleteExpression(node)) return node.expression;
  if (!ts.isBinaryExpression(node)) return undefined;
  const { kind } = node.operatorToken;
  return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment ? node.left : undefined;
}
