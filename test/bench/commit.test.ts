import { expectReport, runBench } from './run-bench.ts';

test('histories are free of gaps, and every connection gets every message in order', async () => {
  expectReport(await runBench('commit'), ['slowestRatioOfOneChat', 'messagesPerSecondOfOneChat', 'callsPerMessage']);
});
