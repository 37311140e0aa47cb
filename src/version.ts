/** This version of the action, as in package.json; a contract test compares them. */
export const version = '0.1.0';
