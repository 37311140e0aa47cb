/** This version of the action, as in package.json; a contract test compares them. */
export const version = '1.0.0';
