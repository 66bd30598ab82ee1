import { type GraphQLResolveInfo, Kind, print, type SelectionSetNode } from 'graphql';

/** `ctx.info` of a field, and where errors of the field point. */
export function infoOf(info: GraphQLResolveInfo) {
  return {
    fieldName: info.fieldName,
    parentTypeName: info.parentType.name,
    variables: info.variableValues,
    selectionSetList: info.fieldNodes.flatMap((node) => selections(node.selectionSet, info, '')),
    selectionSetGraphQL: info.fieldNodes.map((node) => (node.selectionSet ? print(node.selectionSet) : '')).join('\n'),
    path: pathOf(info.path),
    locations: info.fieldNodes.flatMap((node) =>
      node.loc ? [{ line: node.loc.startToken.line, column: node.loc.startToken.column, sourceName: null }] : [],
    ),
  };
}

function pathOf(path: GraphQLResolveInfo['path'] | undefined): (string | number)[] {
  return path ? [...pathOf(path.prev), path.key] : [];
}

/** Names of selected fields, nested ones after `/`, as AppSync lists them. */
function selections(set: SelectionSetNode | undefined, info: GraphQLResolveInfo, prefix: string): string[] {
  return (set?.selections ?? []).flatMap((selection) => {
    if (selection.kind === Kind.FIELD) {
      const name = prefix + (selection.alias ?? selection.name).value;
      return [name, ...selections(selection.selectionSet, info, `${name}/`)];
    }
    const inner = selection.kind === Kind.INLINE_FRAGMENT ? selection : info.fragments[selection.name.value];
    return selections(inner?.selectionSet, info, prefix);
  });
}
