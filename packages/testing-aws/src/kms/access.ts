import { wireError } from '../wire-error.ts'
import { keyOfBlob } from './ciphers.ts'
import type { Input } from './input.ts'
import type { Caller } from './operation.ts'
import type { KmsStore } from './store.ts'

/** Calls that a policy refuses. */
export interface Denial {
  /** Such as `Sign`. Default all. */
  readonly operation?: string
  /** Key id or ARN. Default any. */
  readonly key?: string
  /** ARN of the principal. Default any. */
  readonly principal?: string
}

/** Errors: `AccessDeniedException`, in the words that KMS uses. */
export function authorize(
  store: KmsStore,
  denials: readonly Denial[],
  caller: Caller,
  operation: string,
  input: Input,
): void {
  const references = ['KeyId', 'SourceKeyId', 'DestinationKeyId', 'TargetKeyId'].flatMap((name) =>
    input.has(name) ? [input.text(name)] : [],
  )
  const ofBlob = input.has('CiphertextBlob') ? keyOfBlob(input) : undefined
  if (ofBlob !== undefined && store.keys.has(ofBlob)) references.push(ofBlob)
  // A reference to nothing is not found, whoever asks; otherwise policies speak first.
  const keys = references.map((reference) => store.find(reference))
  const arn = keys[0]?.arn ?? '*'
  const action = operation === 'ReEncrypt' ? 'ReEncryptFrom' : operation
  const denied = denials.some(
    (denial) =>
      (denial.operation === undefined || denial.operation === operation) &&
      (denial.principal === undefined || denial.principal === caller.principal) &&
      (denial.key === undefined || keys.some(({ id, arn: own }) => denial.key === id || denial.key === own)),
  )
  if (denied) throw refusal(caller.principal, action, arn, 'with an explicit deny in a resource-based policy')
  if (!caller.onlyGrants) return
  const context = input.pairs(operation === 'ReEncrypt' ? 'SourceEncryptionContext' : 'EncryptionContext')
  const granted = [...store.grants.values()].some(
    (grant) =>
      grant.grantee === caller.principal &&
      grant.operations.includes(action) &&
      keys.some(({ id }) => grant.key === id) &&
      contains(context, grant.subset ?? {}) &&
      (grant.equals === undefined || (contains(context, grant.equals) && contains(grant.equals, context))),
  )
  if (!granted)
    throw refusal(caller.principal, action, arn, `because no identity-based policy allows the kms:${action} action`)
}

function contains(all: Readonly<Record<string, string>>, some: Readonly<Record<string, string>>): boolean {
  return Object.entries(some).every(([key, value]) => all[key] === value)
}

function refusal(principal: string, action: string, arn: string, why: string): Error {
  return wireError(
    'AccessDeniedException',
    `User: ${principal} is not authorized to perform: kms:${action} on resource: ${arn} ${why}`,
  )
}
