import { Stack } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { CallersWatches } from './alarms/callers.ts';
import { DeadLettersWatches } from './alarms/dead-letters.ts';
import { DeliveryWatches } from './alarms/delivery.ts';
import { FunctionsWatches } from './alarms/functions.ts';
import { ResourcesWatches } from './alarms/resources.ts';
import type { Watch, WatchesProps } from './alarms/watch.ts';

export interface AlarmsProps extends WatchesProps {
  /** Who is told, of the beginning and of the end. */
  operators: ITopic;
}

/**
 * What wakes operators: each alarm says what is wrong and which section of the runbook to read. Few, so that each is believed: an alarm
 * stands for a kind of trouble, the dashboard shows which part has it.
 */
export class Alarms extends Construct {
  readonly all: Alarm[];
  private readonly runbook: string;
  private readonly notify: SnsAction;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    this.runbook = props.settings.runbook;
    this.notify = new SnsAction(props.operators);
    const watches = [
      new DeliveryWatches(this, 'Delivery', props),
      new CallersWatches(this, 'Callers', props),
      new DeadLettersWatches(this, 'DeadLetters', props),
      new FunctionsWatches(this, 'Functions', props),
      new ResourcesWatches(this, 'Resources', props),
    ];
    this.all = watches.flatMap((some) => some.all().map((watch) => this.alarm(watch)));
  }

  /**
   * Unless said otherwise, a minute without data is a good one: counts are written when something happens, ages and durations when there
   * is something to measure.
   */
  private alarm({
    name,
    section = name,
    reason,
    metric,
    over,
    minutes: [datapointsToAlarm, evaluationPeriods],
    rings = ComparisonOperator.GREATER_THAN_THRESHOLD,
    missing = TreatMissingData.NOT_BREACHING,
    tellsSilence = false,
  }: Watch): Alarm {
    const alarm = new Alarm(this, name, {
      alarmName: `${Stack.of(this).stackName}-${name}`,
      alarmDescription: `${reason} What to do: ${this.runbook}#${section}`,
      metric,
      threshold: over,
      comparisonOperator: rings,
      evaluationPeriods,
      datapointsToAlarm,
      treatMissingData: missing,
    });
    alarm.addAlarmAction(this.notify);
    alarm.addOkAction(this.notify);
    if (tellsSilence) alarm.addInsufficientDataAction(this.notify);
    return alarm;
  }
}
