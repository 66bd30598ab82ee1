/** The suite signs people in as the local commands do, on AWS, too. */
export { personNamed, signIn, type Tokens } from '../../local/sign-in.ts';
