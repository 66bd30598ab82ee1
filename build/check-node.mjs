// Runs before anything in TypeScript does, so it keeps to syntax that every Node understands.
const required = 24;
const major = Number(process.versions.node.split('.')[0]);
if (major < required) {
  console.error(
    'This project runs on Node ' +
      required +
      ', but this is Node ' +
      process.versions.node +
      '.\n' +
      'Node ' +
      required +
      ' is a devDependency: run "npm ci" (with install scripts and dev dependencies), then start it through npm,\n' +
      'for example "npm start" or "npm test"; npm puts node_modules/.bin first in the path.',
  );
  process.exit(1);
}
