import { permitted } from '@seamark/runtime'
import type { Step } from '@seamark/runtime'
import { ERROR_CODES, permissionResult } from './acp-port.ts'
import type { AcpAbout, AcpConversation } from './conversation.ts'
import { readPermission } from './message.ts'
import type { RequestId } from './message.ts'
import { toolCall } from './tools.ts'

type Option = { readonly optionId: string; readonly kind: string }

/** Answers a request for a permission with one of the options that it has. */
export function answered(
  before: AcpConversation,
  id: RequestId,
  params: unknown,
  whole: boolean,
  about: AcpAbout,
): Step<AcpConversation> {
  const asked = readPermission(params)
  if (asked === undefined) {
    const error = { code: ERROR_CODES.methodNotFound, message: 'This is no request for a permission.' }
    return { conversation: before, effects: [{ send: { jsonrpc: '2.0', id, error } }] }
  }
  const { options } = asked
  const offered = optionFor(true, options) !== undefined
  const reply = (allowed: boolean) => {
    // A turn that is being canceled has no answers but this.
    const option = before.nudging ? undefined : optionFor(allowed, options)
    return { jsonrpc: '2.0', id, result: permissionResult(option?.optionId) }
  }
  return permitted(before, { id: String(id), call: toolCall(asked.toolCall), whole, offered, reply }, about)
}

function optionFor(allowed: boolean, options: readonly Option[]): Option | undefined {
  const of = (kind: string) => options.find((option) => option.kind === kind)
  return allowed ? of('allow_once') : (of('reject_once') ?? of('reject_always'))
}
