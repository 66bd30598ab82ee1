// What jest's JSON reports say, of the same suite the later one: `failed` lists the files that did not pass, `count` prints the last line.
import { existsSync, readFileSync } from 'node:fs';

const [what, ...files] = process.argv.slice(2);
const suites = new Map();
for (const file of files.filter((name) => existsSync(name))) {
  for (const suite of JSON.parse(readFileSync(file, 'utf8')).testResults) suites.set(suite.name, suite);
}

if (what === 'failed') {
  for (const { name, status } of suites.values()) if (status !== 'passed') console.log(name);
} else {
  const tests = [...suites.values()].flatMap(({ assertionResults }) => assertionResults);
  const passed = tests.filter(({ status }) => status === 'passed').length;
  const failed = tests.filter(({ status }) => status === 'failed').length;
  // A suite that could not be run, or no suite at all, has no test that failed.
  const broken = [...suites.values()].filter(({ status }) => status !== 'passed').length || Number(suites.size === 0);
  console.log(`${passed} passed, ${failed || broken} failed`);
}
