/** What stands for all namespaces, where one is named. */
export const ALL = "*";
