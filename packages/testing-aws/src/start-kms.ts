import { randomUUID } from 'node:crypto'
import { faults } from './faults.ts'
import type { KmsFault } from './faults.ts'
import { beforehand, withWrongSignature } from './fault-answers.ts'
import { httpEndpoint } from './http-endpoint.ts'
import type { Answer } from './http-endpoint.ts'
import { authorize } from './kms/access.ts'
import type { Denial } from './kms/access.ts'
import { cipherOperations } from './kms/ciphers.ts'
import { grantOperations } from './kms/grants.ts'
import { inputOf } from './kms/input.ts'
import { keyOperations } from './kms/keys.ts'
import type { Caller, Operation } from './kms/operation.ts'
import { rotationOperations } from './kms/rotation.ts'
import { signingOperations } from './kms/signing.ts'
import { kmsStore } from './kms/store.ts'
import type { AwsCredentials, SignedRequest } from './sigv4.ts'
import { verifySignature } from './sigv4.ts'
import { isWireError, wireError } from './wire-error.ts'
import type { WireError } from './wire-error.ts'

export interface StartKmsOptions {
  /** Default `us-east-1`. */
  readonly region?: string
  /** Twelve digits. Default `111122223333`. */
  readonly account?: string
  /** Default a free port. */
  readonly port?: number
  /** The service's clock, epoch milliseconds. Default the machine's. */
  readonly now?: () => number
}

/** One request that came, and how it was answered. Never what was in it. */
export interface KmsCall {
  readonly operation: string
  /** As the request named it. */
  readonly key?: string
  /** Pairs of the encryption context, where there is one. */
  readonly context?: Readonly<Record<string, string>>
  /** `__type` of the error, or of the fault that was injected. */
  readonly error?: string
}

/** KMS on loopback. */
export interface KmsServer {
  readonly endpoint: string
  readonly region: string
  readonly account: string
  /** Of an administrator, who may do everything that is not denied. */
  readonly credentials: AwsCredentials
  /** Every request since the start, in order. */
  readonly calls: readonly KmsCall[]
  /**
   * Makes a call as the administrator, without the network: `run('DisableKey', { KeyId })`. Blobs are base64.
   * Throws what the service would answer, with `type`, `message` and `status`.
   */
  run(operation: string, input: object): Readonly<Record<string, unknown>>
  /** Makes a key and gives its ARN. Default `SYMMETRIC_DEFAULT`. */
  createKey(spec?: string): string
  /** Lets calls that come next fail; returns a function that takes it back. */
  fail(fault: KmsFault): () => void
  /** Lets a policy refuse calls with `AccessDeniedException`; returns a function that takes it back. */
  deny(denial: Denial): () => void
  /** New credentials: of the administrator, or of a principal that only grants let do something. */
  addCredentials(options?: {
    readonly principal?: string
    readonly onlyGrants?: boolean
    readonly temporary?: boolean
  }): AwsCredentials
  /** From now on these credentials are `ExpiredTokenException`. */
  expire(accessKeyId: string): void
  /** Stops listening and cuts every connection. Idempotent. What was stored is gone. */
  close(): Promise<void>
}

const operations = new Map<string, Operation>(
  [keyOperations, signingOperations, cipherOperations, rotationOperations, grantOperations].flatMap((group) =>
    Object.entries(group),
  ),
)

/** Starts a server that speaks the protocol of AWS KMS (AWS JSON 1.1) and keeps its keys in memory. */
export async function startKms(options: StartKmsOptions = {}): Promise<KmsServer> {
  const { region = 'us-east-1', account = '111122223333', now = Date.now } = options
  const store = kmsStore({ account, region, now })
  const pending = faults()
  const known = new Map<string, AwsCredentials & Caller & { expired: boolean }>()
  const calls: KmsCall[] = []
  let denials: readonly Denial[] = []

  const addCredentials: KmsServer['addCredentials'] = (request = {}) => {
    const made: AwsCredentials = {
      accessKeyId: `${request.temporary === true ? 'ASIA' : 'AKIA'}${randomUUID().replaceAll('-', '').slice(0, 16).toUpperCase()}`,
      secretAccessKey: randomUUID() + randomUUID(),
      ...(request.temporary === true && { sessionToken: randomUUID() }),
    }
    const principal = request.principal ?? `arn:aws:iam::${account}:user/administrator`
    known.set(made.accessKeyId, { ...made, principal, onlyGrants: request.onlyGrants === true, expired: false })
    return made
  }

  function act(request: SignedRequest, operation: string): Readonly<Record<string, unknown>> {
    const accessKeyId = verifySignature(request, {
      region,
      service: 'kms',
      now: now(),
      find: (id) => known.get(id),
    })
    const caller = known.get(accessKeyId)
    const run = operations.get(operation)
    if (run === undefined || caller === undefined) throw wireError('UnknownOperationException', '')
    const input = inputOf(parse(request.body))
    authorize(store, denials, caller, operation, input)
    return run(store, input, caller)
  }

  function answer(request: SignedRequest): Answer {
    const operation = operationOf(request)
    const fault = pending.take(operation)
    const call = describe(operation, request.body)
    const log = (error?: string) => calls.push({ ...call, ...(error !== undefined && { error }) })
    const headers = {
      'x-amzn-requestid': randomUUID(),
      'content-type': 'application/x-amz-json-1.1',
      date: new Date(now()).toUTCString(),
    }
    const failed = ({ type, message, status }: WireError): Answer => {
      log(type)
      // Operations of KMS that fail without words have no member `message` at all.
      const body = Buffer.from(JSON.stringify({ __type: type, ...(message !== '' && { message }) }))
      return { status, headers, body }
    }
    const early = beforehand(fault)
    if (early !== undefined && 'type' in early) return failed(early)
    if (early !== undefined) {
      log(fault)
      return { ...early, headers: { ...early.headers, date: headers.date } }
    }
    try {
      const result = act(request, operation)
      log(fault)
      const changed = fault === 'wrong-signature' ? withWrongSignature(result) : result
      const end = fault === 'lost-answer' ? 'cut' : fault === 'cut-answer' ? 'cut-in-answer' : undefined
      return { status: 200, headers, body: Buffer.from(JSON.stringify(changed)), ...(end !== undefined && { end }) }
    } catch (error) {
      return failed(isWireError(error) ? error : wireError('KMSInternalException', String(error), 500))
    }
  }

  const administrator = addCredentials()
  const run: KmsServer['run'] = (operation, request) => {
    const found = operations.get(operation)
    const caller = known.get(administrator.accessKeyId)
    if (found === undefined || caller === undefined) throw wireError('UnknownOperationException', '')
    return found(store, inputOf(request), caller)
  }

  const server = await httpEndpoint(answer, options.port ?? 0)
  return {
    endpoint: server.url,
    region,
    account,
    credentials: administrator,
    calls,
    run,
    createKey: (spec = 'SYMMETRIC_DEFAULT') =>
      store.create({ spec, usage: spec === 'SYMMETRIC_DEFAULT' ? undefined : 'SIGN_VERIFY', description: '' }).arn,
    fail: (fault) => pending.add(fault),
    deny(denial) {
      denials = [...denials, denial]
      return () => {
        denials = denials.filter((other) => other !== denial)
      }
    },
    addCredentials,
    expire(accessKeyId) {
      const found = known.get(accessKeyId)
      if (found !== undefined) found.expired = true
    },
    close: () => server.close(),
  }
}

function operationOf({ headers }: SignedRequest): string {
  const [service, operation = ''] = (headers['x-amz-target'] ?? '').split('.')
  return service === 'TrentService' ? operation : ''
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'))
  } catch {
    throw wireError('SerializationException', '')
  }
}

/** What a call says of itself, for a test to look at. */
function describe(operation: string, body: Uint8Array): Omit<KmsCall, 'error'> {
  try {
    const input = inputOf(parse(body))
    const key = input.optionalText('KeyId')
    return {
      operation,
      ...(key !== undefined && { key }),
      ...(input.has('EncryptionContext') && { context: input.pairs('EncryptionContext') }),
    }
  } catch {
    return { operation }
  }
}
