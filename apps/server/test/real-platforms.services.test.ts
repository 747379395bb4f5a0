import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { signedHeaders } from './aws-signature.ts'
import { claudeOnBedrock, claudeOnVertex } from './real-programs.ts'
import type { RealProgram } from './real-programs.ts'
import { itemFor, realServices } from './real-service.ts'
import type { RealService, RealServiceOptions } from './real-service.ts'
import { CHANGES, patchTo, WANTED } from './tide.ts'

const serve = realServices()

const secret = (prefix: string) => `${prefix}${randomBytes(24).toString('base64url')}`
const SecretAccessKey = secret('')
const SessionToken = secret('session')
const AccessKeyId = 'ASIAEXAMPLEEXAMPLE00'
const awsKeys = JSON.stringify({ Version: 1, AccessKeyId, SecretAccessKey, SessionToken })
const googleTokens = [secret('ya29.'), secret('ya29.')]

const turnsOf = ({ read, edit }: RealProgram) => [
  { answer: [read('tide.mjs')] },
  { answer: [read('ports.csv')] },
  { answer: [edit(...CHANGES.tide)], usage: { cacheRead: 500 } },
  { answer: [edit(...CHANGES.ports)] },
  { answer: 'It is done.' },
]

/** The program edits there what it edits at its vendor, every call is charged, and no secret is in what the run left. */
async function expectEdited(program: RealProgram, options: Omit<RealServiceOptions, 'script'>): Promise<RealService> {
  const service = await serve({ ...options, programs: [program], script: { turns: turnsOf(program) } })
  const ran = await service.run('there', [itemFor(program)])
  expect(ran.code, ran.err + ran.out).toBe(0)
  expect(service.model.problems()).toEqual([])
  expect(await service.told('patch', 'there', 'fix')).toBe(patchTo(service, WANTED))

  const { provider, model, rates } = program.priced
  const { calls, tokens } = service.counted()
  const { input, output, cacheRead } = tokens
  const nanoUsd = input * rates.input + output * rates.output + cacheRead * rates.cacheRead
  expect(calls).toBe(5)
  expect(await service.usage('model')).toMatchObject([
    { provider, model, calls, assumed: 0, tokens, charged: { tokens: input + output + cacheRead, nanoUsd } },
  ])
  const logs = await service.told('logs', 'there', 'fix')
  await service.verified('there')
  for (const each of [SecretAccessKey, SessionToken, ...googleTokens])
    expect(ran.out + ran.err + logs).not.toContain(each)
  return service
}

it(
  'has Claude Code work at Bedrock, with requests signed outside (as root, with bubblewrap)',
  { timeout: 300_000 },
  async () => {
    const signed: (readonly string[] | undefined)[] = []
    const tokens: unknown[] = []
    const service = await expectEdited(claudeOnBedrock, {
      keys: { 'aws-keys': awsKeys },
      letsIn: [AccessKeyId],
      async asked(body, request) {
        signed.push(signedHeaders(SecretAccessKey, request, body))
        tokens.push(request.headers['x-amz-security-token'])
        return undefined
      },
    })
    const covered = ['content-type', 'host', 'x-amz-content-sha256', 'x-amz-date', 'x-amz-security-token']
    expect(signed).toEqual(Array.from({ length: 5 }, () => covered))
    expect(new Set(tokens)).toEqual(new Set([SessionToken]))
    expect(service.model.calls.map(({ stream }) => stream)).toEqual(Array.from({ length: 5 }, () => true))
  },
)

it(
  'has Claude Code work at Vertex AI, with a token that a program prints outside (as root, with bubblewrap)',
  { timeout: 300_000 },
  async () => {
    const dir = mkdtempSync(join(tmpdir(), 'token-'))
    onTestFinished(() => rmSync(dir, { recursive: true }))
    const file = join(dir, 'token')
    writeFileSync(file, `${googleTokens[0]}\n`)
    let came = 0
    const service = await expectEdited(claudeOnVertex, {
      keys: {},
      commands: { 'google-token': ['/bin/cat', file] },
      letsIn: googleTokens,
      async asked() {
        // The next one is another.
        if (++came === 2) writeFileSync(file, `${googleTokens[1]}\n`)
        return undefined
      },
    })
    const [first, second] = googleTokens.map((token) => `Bearer ${token}`)
    expect(service.front.seen.flatMap(({ credentials }) => credentials)).toEqual([first, first, second, second, second])
  },
)
