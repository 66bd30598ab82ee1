import { refuseUnknownProperties } from '../properties.ts';
import { nameWithoutStack } from '../template/identities.ts';
import type { PropertySupport, Stack, SupportedResources } from '../template/stack.ts';

export const scheduleProperties: SupportedResources = {
  'AWS::Scheduler::Schedule': {
    Description: { noEffect: 'text for people' },
    FlexibleTimeWindow: 'implemented',
    Name: 'implemented',
    ScheduleExpression: 'implemented',
    State: 'implemented',
    Target: 'implemented',
  },
};

const targetProperties: Record<string, PropertySupport> = {
  Arn: 'implemented',
  Input: 'implemented',
  RetryPolicy: { noEffect: 'a start that fails is reported, and tried again when the schedule is next due' },
  RoleArn: 'implemented',
};

/** A schedule of the template: what it starts, how often, and as whom. */
export type Schedule = {
  name: string;
  /** How the edge names its role. */
  role: string;
  roleArn: string;
  everyMinutes: number;
  stateMachineArn: string;
  input: string;
};

const minutesOf: Record<string, number> = { minute: 1, hour: 60, day: 1_440 };

/**
 * The template's schedules that are enabled.
 * @throws Error naming what is not implemented: other expressions than `rate(..)`, other targets than state machines
 */
export function schedulesOf(stack: Stack): Schedule[] {
  return stack.ofType('AWS::Scheduler::Schedule').flatMap(({ ref, properties }) => {
    const { FlexibleTimeWindow, ScheduleExpression, State, Target } = properties as {
      FlexibleTimeWindow: { Mode: string };
      ScheduleExpression: string;
      State?: 'ENABLED' | 'DISABLED';
      Target: { Arn: string; RoleArn: string; Input?: string };
    };
    const about = `AWS::Scheduler::Schedule ${ref}`;
    if (FlexibleTimeWindow.Mode !== 'OFF')
      throw new Error(`${about}: FlexibleTimeWindow is implemented with mode OFF only`);
    refuseUnknownProperties('AWS::Scheduler::Schedule.Target', Target, targetProperties);
    const machine = stack.ofType('AWS::StepFunctions::StateMachine').find((candidate) => candidate.ref === Target.Arn);
    if (!machine) throw new Error(`${about}: its target ${Target.Arn} is no state machine of the template`);
    if (State === 'DISABLED') return [];
    const name = nameWithoutStack(ref, stack.where);
    return [
      {
        name,
        role: `schedule/${name}`,
        roleArn: Target.RoleArn,
        everyMinutes: readRate(about, ScheduleExpression),
        stateMachineArn: machine.ref,
        input: Target.Input ?? '{}',
      },
    ];
  });
}

/** https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#rate-based */
function readRate(about: string, expression: string): number {
  const [, count, unit] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  if (!count || !unit || Number(count) < 1)
    throw new Error(`${about}: expected rate(N minutes|hours|days), and got ${expression}`);
  return Number(count) * (minutesOf[unit] ?? 1);
}
