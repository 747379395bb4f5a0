import { wireError } from '../wire-error.ts'
import type { Input } from './input.ts'

/** Ends a call with `DryRun` that would have succeeded: `DryRunOperationException`. */
export function dryRun(input: Input): void {
  if (input.flag('DryRun'))
    throw wireError('DryRunOperationException', 'The request would have succeeded, but the DryRun option is set.')
}
