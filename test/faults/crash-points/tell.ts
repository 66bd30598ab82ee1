/** Prints how many points were tried, role by role and in all. */
export function tell(points: readonly { role: string }[]): void {
  const byRole = [...Map.groupBy(points, ({ role }) => role)].map(
    ([role, own]) => `  ${role.padEnd(24)} ${own.length}`,
  );
  process.stdout.write(
    `${['Crash points', ...byRole.toSorted(), `  ${'in all'.padEnd(24)} ${points.length}`].join('\n')}\n`,
  );
}
