import type { AgentEvent, AttemptPort } from '@seamark/core'
import type { RedactionTable } from '@seamark/kit'
import { redactBytes, SeamError } from '@seamark/kit'

/** How many denials of one step become records. A step with more fails: what a program says of itself may not fill the log. */
export const MOST_DENIALS = 1_000

/**
 * Makes a denied tool a record of the attempt. What names it comes from a program, so it is made to fit, and a known secret in
 * it is not told. Errors: those of `AttemptPort.note`; `UNAVAILABLE` where there is no port.
 */
export async function noteDenial(
  port: AttemptPort | undefined,
  { tool, reason }: AgentEvent & { readonly type: 'denial' },
  index: number,
  secrets: RedactionTable | undefined,
): Promise<void> {
  if (port === undefined)
    throw new SeamError('UNAVAILABLE', 'A tool was denied, and there is nowhere to record that.', {
      remedy: 'Give the worker the port of the attempt.',
    })
  const word = (text: string) => {
    const told = secrets === undefined ? text : Buffer.from(redactBytes(Buffer.from(text), secrets)).toString()
    return told.slice(0, 200).toWellFormed() || 'unknown'
  }
  await port.note([{ kind: 'tool.denied', data: { tool: word(tool), reason: word(reason), index } }])
}
