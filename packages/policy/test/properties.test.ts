import type { EgressRule, LevelPolicy, Policy, PolicyLevel } from '@seamark/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkPolicy, effective, egressMatcher, hideFinder, toolMatcher } from '../src/index.ts'
import type { EgressRequest } from '../src/index.ts'
import { mayRun, mayWrite, rulesFor } from './oracle.ts'

const some = { requiredKeys: [] }
const host = fc.constantFrom('a.example', 'b.example')
const path = fc.constantFrom('/', '/v1', '/v1/a', '/v1/b', '/v2/a')
const pathPattern = fc.oneof(path, fc.constantFrom('/*', '/v1*', '/v1/*', '/v2/*'))
const method = fc.constantFrom('GET', 'POST', 'PUT')
const rule: fc.Arbitrary<EgressRule> = fc
  .record(
    {
      host,
      mode: fc.constantFrom('endpoint' as const, 'endpoint' as const, 'intercept' as const, 'tunnel' as const),
      port: fc.constantFrom(443, 8443),
      methods: fc.uniqueArray(method, { minLength: 1, maxLength: 2 }),
      paths: fc.uniqueArray(pathPattern, { minLength: 1, maxLength: 2 }),
      inject: fc.constantFrom('k', 'l'),
      meter: fc.constantFrom('m', 'n'),
    },
    { requiredKeys: ['host', 'mode'] },
  )
  .map(({ host: name, mode, port, ...more }) => ({
    host: name,
    mode,
    ...(port && { port }),
    ...(mode !== 'tunnel' && more),
  }))

const word = fc.constantFrom('git', 'npm', 'push', 'pull', 'p', 'run')
const patternText = fc
  .tuple(
    fc.constantFrom('git', 'npm', 'g*', '*'),
    fc.array(
      fc.oneof(
        word,
        word.map((w) => `${w}*`),
        fc.constant('*'),
      ),
      { maxLength: 3 },
    ),
  )
  .map(([program, words]) => [program, ...words].join(' '))
const amount = fc.integer({ min: 1, max: 4 })
const scope = fc.constantFrom('workspace', 'src/**', 'src/a/**', 'src/a/b', 'src', 'docs/**', 'README.md')
const policy: fc.Arbitrary<Policy> = fc
  .record(
    {
      filesystem: fc.record(
        {
          read: fc.subarray(['workspace', 'toolchain']),
          write: fc.array(scope, { maxLength: 3 }),
          hide: fc.subarray(['**/.env', 'x/*']),
        },
        some,
      ),
      network: fc.record({ allow: fc.array(rule, { maxLength: 5 }) }),
      limits: fc.record({ cpu: amount, memoryBytes: amount, pids: amount, wallClockMs: amount }, some),
      tools: fc.record(
        {
          shell: fc.array(patternText, { maxLength: 5 }),
          deny: fc.array(
            patternText.filter((p) => p !== '*'),
            { maxLength: 2 },
          ),
        },
        some,
      ),
    },
    some,
  )
  // Of rules that do not go together, as many as do.
  .map((made): Policy => {
    const allow = (made.network?.allow ?? []).reduce<readonly EgressRule[]>((kept, next) => {
      const more = [...kept, next]
      return checkPolicy({ network: { allow: more } }).length === 0 ? more : kept
    }, [])
    return { ...made, ...(made.network && { network: { allow } }) }
  })

const LEVELS: readonly PolicyLevel[] = ['deployment', 'queue', 'agent', 'item']
const levels = fc
  .tuple(policy, policy, policy, policy, fc.subarray([...LEVELS]))
  .map(([a, b, c, d, which]): LevelPolicy[] =>
    [a, b, c, d].flatMap((one, at) =>
      LEVELS.flatMap((level, n) => (n === at && which.includes(level) ? [{ level, policy: one }] : [])),
    ),
  )
const request: fc.Arbitrary<EgressRequest> = fc
  .record({
    host,
    port: fc.constantFrom(443, 8443),
    mode: fc.constantFrom('endpoint', 'intercept', 'tunnel'),
    method,
    path: fc.oneof(path, fc.constantFrom('/v1/a/c', '/x')),
  })
  .map(({ mode, method: verb, path: target, ...to }) =>
    mode === 'endpoint' || mode === 'intercept'
      ? { ...to, mode, method: verb, path: target }
      : { ...to, mode: 'tunnel' },
  )
const argv = fc
  .tuple(fc.constantFrom('git', 'npm', 'gh'), fc.array(word, { maxLength: 4 }))
  .map(([program, rest]) => [program, ...rest])
const file = fc.constantFrom('src', 'src/a', 'src/a/b', 'src/a/b/c', 'srcx/a', 'docs/a', 'README.md', 'README.md/x')
const runs = { numRuns: 1_000 }

describe('the intersection', () => {
  test('allows a request only where every level does, and sends a secret only where the deployment does', () => {
    let seen = 0
    fc.assert(
      fc.property(levels, fc.array(request, { minLength: 20, maxLength: 20 }), (list, requests) => {
        const matcher = egressMatcher(effective(list).policy)
        for (const one of requests) {
          const decision = matcher.match(one)
          const said = list.flatMap(({ policy: of }) => {
            const found = rulesFor(of, one)
            return found === undefined ? [] : [found]
          })
          const all = said.length > 0 && said.every((rules) => rules.length > 0)
          if (decision.allowed) {
            seen++
            expect(all).toBe(true)
            const top = list.find(({ level }) => level === 'deployment')?.policy
            const sent = top === undefined ? [] : (rulesFor(top, one) ?? [])
            if (decision.rule.inject !== undefined)
              expect(sent.map(({ inject }) => inject)).toContain(decision.rule.inject)
            for (const { inject } of sent) expect(decision.rule.inject).toBe(inject)
            for (const rules of said)
              for (const { meter } of rules) if (meter !== undefined) expect(decision.rule.meter).toBe(meter)
          } else if (said.flat().every(({ inject, meter }) => inject === undefined && meter === undefined))
            // Where secrets and meters are not in question it allows all that every level allows.
            expect(all).toBe(false)
        }
      }),
      runs,
    )
    expect(seen).toBeGreaterThan(100)
  })

  test('lets a command run only where every level does, and where no level denies anything, whenever all do', () => {
    let seen = 0
    fc.assert(
      fc.property(levels, fc.array(argv, { minLength: 10, maxLength: 10 }), (list, commands) => {
        const matcher = toolMatcher(effective(list).policy)
        const alone = list.map(({ policy: of }) => toolMatcher(of))
        const denies = list.some(({ policy: of }) => (of.tools?.deny?.length ?? 0) > 0)
        for (const command of commands) {
          const { allowed } = matcher.argv(command)
          const all = list.every(({ policy: of }) => mayRun(of, command))
          if (allowed) seen++
          if (allowed) expect(all).toBe(true)
          else if (!denies) expect(all).toBe(false)
          expect(allowed).toBe(alone.every((one) => one.argv(command).allowed))
        }
      }),
      runs,
    )
    expect(seen).toBeGreaterThan(100)
  })

  test('lets a file be written exactly where every level does', () => {
    fc.assert(
      fc.property(levels, file, (list, name) => {
        expect(mayWrite(effective(list).policy, name)).toBe(list.every(({ policy: of }) => mayWrite(of, name)))
      }),
      runs,
    )
  })

  test('has the smallest limits, all that is hidden and denied, and reads what all read', () => {
    fc.assert(
      fc.property(levels, (list) => {
        const { policy: result } = effective(list)
        for (const field of ['cpu', 'memoryBytes', 'pids', 'wallClockMs'] as const) {
          const set = list.flatMap(({ policy: of }) => of.limits?.[field] ?? [])
          expect(result.limits?.[field]).toBe(set.length === 0 ? undefined : Math.min(...set))
        }
        const union = new Set(list.flatMap(({ policy: of }) => of.filesystem?.hide ?? []))
        expect(new Set(result.filesystem?.hide)).toEqual(union)
        const both = ['toolchain', 'workspace'].filter((name) =>
          list.every(({ policy: of }) => of.filesystem?.read?.includes(name) !== false),
        )
        expect(result.filesystem?.read).toEqual(both)
      }),
      runs,
    )
  })

  test('is idempotent: a policy under itself, and a result under itself, is the same', () => {
    fc.assert(
      fc.property(policy, levels, (one, list) => {
        const once = effective([{ level: 'deployment', policy: one }])
        const twice = effective([
          { level: 'deployment', policy: one },
          { level: 'item', policy: one },
        ])
        expect(twice.digest).toBe(once.digest)
        expect(twice.problems).toEqual([])
        const result = effective(list).policy
        expect(effective([{ level: 'deployment', policy: result }]).policy).toEqual(result)
      }),
      runs,
    )
  })

  test('is commutative and associative below the deployment', () => {
    fc.assert(
      fc.property(policy, policy, policy, policy, (top, a, b, c) => {
        const digest = (queue: Policy, agent: Policy, item: Policy) =>
          effective([
            { level: 'deployment', policy: top },
            { level: 'queue', policy: queue },
            { level: 'agent', policy: agent },
            { level: 'item', policy: item },
          ]).policy
        const first = digest(a, b, c)
        expect(digest(c, a, b)).toEqual(first)
        expect(digest(b, a, c)).toEqual(first)
      }),
      runs,
    )
  })

  test('without problems allows all that the lower level writes out', () => {
    let seen = 0
    fc.assert(
      fc.property(policy, method, path, (upper, verb, target) => {
        const allow = (upper.network?.allow ?? []).map(({ host: name, port = 443, mode }): EgressRule =>
          mode === 'tunnel' ? { host: name, port, mode } : { host: name, port, mode, methods: [verb], paths: [target] },
        )
        const both = effective([
          { level: 'deployment', policy: upper },
          { level: 'item', policy: { network: { allow } } },
        ])
        const matcher = egressMatcher(both.policy)
        const refused = allow.filter(({ host: name, port = 443, mode }) => {
          const to = { host: name, port }
          return !matcher.match(mode === 'tunnel' ? { ...to, mode } : { ...to, mode, method: verb, path: target })
            .allowed
        })
        // One place for each rule that does not get all it asks for, and none for the others.
        const places = both.problems.map(({ place }) => place?.pointer.split('/')[3])
        const expected = allow.flatMap((one, at) => (refused.includes(one) ? [String(at)] : []))
        expect(new Set(places)).toEqual(new Set(expected))
        seen += allow.length - refused.length
      }),
      runs,
    )
    expect(seen).toBeGreaterThan(100)
  })
})

/** Whether a glob takes a path as a whole, by a regular expression. */
function takes(glob: string, path: string): boolean {
  const segment = (text: string) => text.replaceAll('.', '\\.').replaceAll('*', '[^/]*').replaceAll('?', '[^/]')
  const source = glob.split('/').map((part) => (part === '**' ? '(?:[^/]*/)*' : `${segment(part)}/`))
  return new RegExp(`^${source.join('')}$`).test(`${path}/`)
}

test('what globs hide of a tree is found as one glob and one path at a time', () => {
  const segment = fc.constantFrom('a', 'ab', '.env', 'b', '*', '?', 'a*', '*b', '**')
  const globs = fc.array(
    fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/')),
    { maxLength: 3 },
  )
  const name = fc.constantFrom('a', 'ab', 'b', '.env', 'aab', '')
  const paths = fc.array(fc.array(name, { minLength: 1, maxLength: 4 }), { maxLength: 6 })
  fc.assert(
    fc.property(globs, paths, (patterns, list) => {
      const find = hideFinder(patterns)
      for (const parts of list.map((one) => one.map((part) => part || 'x'))) {
        const prefixes = parts.map((_, at) => parts.slice(0, at + 1).join('/'))
        const first = prefixes.find((prefix) => patterns.some((glob) => takes(glob, prefix)))
        expect(find(parts.join('/'))).toBe(first)
      }
    }),
    { numRuns: 2_000 },
  )
})
