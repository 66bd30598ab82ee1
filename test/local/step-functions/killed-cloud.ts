import { SmallCloud } from './small-cloud.ts';

/** Leaves a row once its wait is over. */
export const patient = {
  machines: {
    leave: {
      states: {
        Wait: { Type: 'Wait', Seconds: 1, Next: 'Leave' },
        Leave: {
          Type: 'Task',
          Resource: 'arn:aws:states:::aws-sdk:dynamodb:putItem',
          Arguments: { TableName: 'Left', Item: { id: { S: '{% $states.context.Execution.Name %}' } } },
          End: true,
        },
      },
      statements: [{ Action: 'dynamodb:PutItem', Resource: { 'Fn::GetAtt': ['Left', 'Arn'] } }],
    },
  },
  tables: ['Left'],
};

// Run by itself, with a data folder: a cloud in a process that a test can kill. It says where its edge is.
const [, script, folder] = process.argv;
if (script === import.meta.filename) console.log((await SmallCloud.start(patient, folder)).edge.url);
