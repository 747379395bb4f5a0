import { afterAll, beforeAll, expect, it } from 'vitest'
import { startKms } from '../src/index.ts'
import type { KmsServer } from '../src/index.ts'
import { calls, outcome } from './kms-calls.ts'
import { clientOf, KMSClient, ScheduleKeyDeletionCommand } from './kms-client-port.ts'

// The calls that are compared with moto, compared with AWS: each makes keys, which are then to be deleted after 7 days.
const { AWS_REGION: region } = process.env
if (region === undefined) throw new Error('AWS_REGION says which account and region to use.')

/** What an account can not be asked for in passing. */
const leftOut = new Set(['grants'])

let ours: KmsServer
const made = new Set<string>()
const aws = new KMSClient({ region })
beforeAll(async () => {
  ours = await startKms({ region })
  aws.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const answer = await next(args)
        const { KeyMetadata } = answer.output as { KeyMetadata?: { KeyId?: string } }
        if (commandName === 'CreateKeyCommand' && KeyMetadata?.KeyId !== undefined) made.add(KeyMetadata.KeyId)
        return answer
      },
    { step: 'initialize' },
  )
})
afterAll(async () => {
  for (const KeyId of made)
    // One that is to be deleted already needs nothing.
    await outcome(aws.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 })))
  aws.destroy()
  await ours.close()
})

it.each(Object.keys(calls).filter((name) => !leftOut.has(name)))('%s', { retry: 3 }, async (name) => {
  const call = calls[name] ?? expect.fail('no such call')
  const client = clientOf(ours)
  const [mine, theirs] = await Promise.all([outcome(call(client)), outcome(call(aws))])
  client.destroy()
  expect(mine).toEqual(theirs)
})
