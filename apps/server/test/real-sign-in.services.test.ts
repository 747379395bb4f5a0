import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { claudeCode, codexSignedIn } from './real-programs.ts'
import type { RealProgram } from './real-programs.ts'
import { itemFor, realServices } from './real-service.ts'
import { CHANGES, patchTo, WANTED } from './tide.ts'

const token = (kind: string) => `${kind}-${randomBytes(24).toString('base64url')}`
/** The refresh tokens and access tokens of a sign-in, in the order in which they are issued. */
const refresh = Array.from({ length: 12 }, () => token('refresh'))
const access = Array.from({ length: 12 }, () => token('access'))

const serve = realServices()

const cases: readonly (readonly [string, RealProgram, Readonly<Record<string, string>>])[] = [
  // As the program has it that is signed in to a subscription.
  ['Claude Code', claudeCode, { ANTHROPIC_API_KEY: '', CLAUDE_CODE_OAUTH_TOKEN: 'placeholder' }],
  ['Codex', codexSignedIn, {}],
]

it.each(cases)(
  'has %s work on a sign-in that is renewed outside (as root, with bubblewrap)',
  { timeout: 300_000 },
  async (_, program, env) => {
    const asked: URLSearchParams[] = []
    const { read, edit } = program
    const service = await serve({
      keys: { [program.secret]: refresh[0] ?? '' },
      programs: [program],
      signIn: {
        secret: program.secret,
        tokens: access,
        // Each lasts for a moment, and each refresh token is taken once.
        issue(parameters) {
          const count = asked.push(parameters)
          return { access_token: access[count - 1], refresh_token: refresh[count], token_type: 'Bearer', expires_in: 1 }
        },
      },
      // Longer than a token is kept at least.
      async asked() {
        await sleep(1_500)
        return undefined
      },
      env,
      script: {
        turns: [
          { answer: [read('tide.mjs')] },
          { answer: [read('ports.csv')] },
          { answer: [edit(...CHANGES.tide)] },
          { answer: [edit(...CHANGES.ports)] },
          { answer: 'It is done.' },
        ],
      },
    })
    const ran = await service.run('signed-in', [itemFor(program)])
    expect(ran.code, ran.err + ran.out).toBe(0)
    expect(service.model.problems()).toEqual([])
    expect(await service.told('patch', 'signed-in', 'fix')).toBe(patchTo(service, WANTED))

    expect(asked.length).toBeGreaterThan(1)
    expect(asked.map((one) => Object.fromEntries(one))).toEqual(
      asked.map((_, index) => ({
        grant_type: 'refresh_token',
        refresh_token: refresh[index],
        client_id: 'seamark-test',
      })),
    )
    const calls = service.front.seen.filter(({ host }) => host === program.host)
    expect(calls.map(({ account }) => account)).toEqual(calls.map(() => program.account))
    const sent = calls.flatMap(({ credentials }) =>
      credentials.map((each) => access.indexOf(each.replace('Bearer ', ''))),
    )
    expect(sent).toHaveLength(calls.length)
    expect(sent.every((one, index) => one >= (sent[index - 1] ?? 0) && one < asked.length)).toBe(true)
    expect(new Set(sent).size).toBeGreaterThan(1)
    // Neither token is in what the run left.
    const left = ran.out + ran.err + (await service.told('logs', 'signed-in', 'fix'))
    for (const each of [...refresh, ...access]) expect(left).not.toContain(each)
  },
)
