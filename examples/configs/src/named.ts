import { env } from 'node:process'

/** What a variable of the environment says. What is not said is not guessed. */
export function named(variable: string): string {
  const value = env[variable]
  if (value === undefined || value === '') throw new Error(`Set ${variable}.`)
  return value
}
