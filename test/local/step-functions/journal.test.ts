import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Journal } from '../../../local/step-functions/journal.ts';

describe('the journal of executions', () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'journal-'));
    file = join(folder, 'executions', 'unfinished.jsonl');
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const execution = (arn: string) => ({ arn, machineArn: 'machine', name: arn, input: { of: arn } });
  const unfinished = (journal: Journal): string[] => journal.unfinished.map(({ arn }) => arn);

  test('remembers what has begun and not ended, whoever reads it next', () => {
    const journal = new Journal(file);
    for (const arn of ['one', 'two', 'three']) journal.began(execution(arn));
    journal.ended('two');
    expect(new Journal(file).unfinished).toEqual([execution('one'), execution('three')]);
  });

  test('survives a line that was cut off', () => {
    new Journal(file).began(execution('one'));
    appendFileSync(file, '{"began":{"arn":"tw');
    const journal = new Journal(file);
    expect(unfinished(journal)).toEqual(['one']);
    journal.began(execution('three'));
    expect(unfinished(new Journal(file))).toEqual(['one', 'three']);
  });

  test('does not grow for ever', () => {
    const journal = new Journal(file);
    for (let count = 0; count < 2_000; count++) {
      journal.began(execution('one'));
      journal.ended('one');
    }
    expect(readFileSync(file, 'utf8').split('\n').length).toBeLessThan(1_100);
  });
});
