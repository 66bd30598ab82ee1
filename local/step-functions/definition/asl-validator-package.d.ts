/** The package brings no types of its own. */
declare module 'asl-validator' {
  type Problem = { 'Error code': string; Message: string };
  export default function validate(
    definition: object,
    options?: { checkPaths: boolean; checkArn: boolean },
  ): { isValid: boolean; errors: Problem[] };
}
