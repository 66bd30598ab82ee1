export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

export type MissingData = 'missing' | 'notBreaching' | 'breaching' | 'ignore';

export type EvaluationRules = {
  evaluationPeriods: number;
  datapointsToAlarm: number;
  treatMissingData: MissingData;
};

/** Whether a value is beyond the threshold; undefined: there is none. */
export type Datapoint = boolean | undefined;

/** AWS looks at more data points than it evaluates, and its own examples have 5 for 3. */
export function evaluationRange({ evaluationPeriods }: EvaluationRules): number {
  return evaluationPeriods + 2;
}

/**
 * The state of an alarm by the data points of its evaluation range, the oldest first. As many are evaluated as the alarm has evaluation
 * periods: of those that are there the latest; what lacks is filled in as the alarm says.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html#alarms-evaluating-missing-data
 */
export function evaluate(range: readonly Datapoint[], rules: EvaluationRules, current: AlarmState): AlarmState {
  const { evaluationPeriods, datapointsToAlarm, treatMissingData } = rules;
  const there = range.filter((point) => point !== undefined).slice(-evaluationPeriods);
  const lacking = evaluationPeriods - there.length;
  const breaching = there.filter(Boolean).length;
  if (breaching >= datapointsToAlarm) return 'ALARM';
  if (lacking === 0) return 'OK';
  switch (treatMissingData) {
    case 'notBreaching':
      return 'OK';
    case 'breaching':
      return breaching + lacking >= datapointsToAlarm ? 'ALARM' : 'OK';
    case 'ignore':
      return breaching < there.length ? 'OK' : current;
    case 'missing':
      if (breaching < there.length) return 'OK';
      return isOld(range, datapointsToAlarm) ? 'ALARM' : 'INSUFFICIENT_DATA';
  }
}

/** A breach that nothing came after, and so long ago that the alarm would ring had it gone on. */
function isOld(range: readonly Datapoint[], datapointsToAlarm: number): boolean {
  const first = range.findIndex((point) => point !== undefined);
  return first >= 0 && range.length - first > datapointsToAlarm;
}
