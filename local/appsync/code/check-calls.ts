import ts from 'typescript';
import type { Report } from './check.ts';
import { methodsTakingFunctions, unsupportedMethods } from './supported.ts';

/** Reports methods APPSYNC_JS does not have, functions treated as values, and recursion. */
export function checkCalls(file: ts.SourceFile, report: Report): void {
  const functions = namedFunctions(file);
  const isFunction = (node: ts.Node): boolean =>
    ts.isArrowFunction(node) || ts.isFunctionExpression(node) || (ts.isIdentifier(node) && functions.has(node.text));
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) checkCall(node, isFunction, report);
    if (ts.isReturnStatement(node) && node.expression && isFunction(node.expression)) {
      report(node, 'returning a function is not supported');
    }
    if (
      ts.isVariableDeclaration(node) &&
      node.initializer &&
      ts.isIdentifier(node.initializer) &&
      isFunction(node.initializer)
    ) {
      report(node, 'another name for a function is not supported');
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  for (const name of recursive(functions)) {
    const declaration = functions.get(name);
    if (declaration) report(declaration, `recursion is not supported (${name})`);
  }
}

function checkCall(node: ts.CallExpression, isFunction: (node: ts.Node) => boolean, report: Report): void {
  const method = ts.isPropertyAccessExpression(node.expression) ? node.expression.name.text : undefined;
  const onGlobal = ['Object', 'Number', 'Math', 'JSON', 'String', 'console', 'util'].includes(ownerOf(node.expression));
  if (method && !onGlobal && unsupportedMethods.has(method)) report(node, `the method ${method} is not supported`);
  if (method === 'sort' && node.arguments.length > 0) report(node, 'sort with an argument is not supported');
  if (method && !onGlobal && methodsTakingFunctions.includes(method)) return;
  if (node.arguments.some(isFunction)) report(node, 'passing a function is not supported');
}

/** The first name of `a.b.c`: what the chain of members begins with. */
function ownerOf(node: ts.Expression): string {
  let owner = node;
  while (ts.isPropertyAccessExpression(owner)) owner = owner.expression;
  return ts.isIdentifier(owner) && owner !== node ? owner.text : '';
}

function namedFunctions(file: ts.SourceFile): Map<string, ts.Node> {
  const functions = new Map<string, ts.Node>();
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionDeclaration(node) && node.name) functions.set(node.name.text, node);
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.initializer) {
      const { initializer } = node;
      if (ts.isArrowFunction(initializer) || ts.isFunctionExpression(initializer))
        functions.set(node.name.text, initializer);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return functions;
}

/** Names of functions that reach themselves by calls. */
function recursive(functions: Map<string, ts.Node>): string[] {
  const callees = new Map([...functions].map(([name, node]) => [name, calledIn(node, functions)]));
  const reaches = (from: string, to: string, seen: Set<string>): boolean =>
    [...(callees.get(from) ?? [])].some((next) => {
      if (next === to) return true;
      if (seen.has(next)) return false;
      seen.add(next);
      return reaches(next, to, seen);
    });
  return [...functions.keys()].filter((name) => reaches(name, name, new Set()));
}

function calledIn(root: ts.Node, functions: Map<string, ts.Node>): Set<string> {
  const called = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && functions.has(node.expression.text)) {
      called.add(node.expression.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(root);
  return called;
}
