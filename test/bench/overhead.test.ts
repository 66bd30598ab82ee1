import { expectReport, runBench } from './run-bench.ts';

test('functions with and without logs and metrics do the same', async () => {
  expectReport(await runBench('overhead'), ['worstRatio']);
});
