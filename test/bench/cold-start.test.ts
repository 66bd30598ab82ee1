import { expectReport, runBench } from './run-bench.ts';

test('bundles load, and are no larger than they may be', async () => {
  expectReport(await runBench('cold-start'), [
    'largestBundleBytes',
    'authorizerBytes',
    'slowestRatio',
    'authorizerRatio',
  ]);
});
