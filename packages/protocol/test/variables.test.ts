import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { matcher } from '@seamark/output-schema'
import { parsePlan, planJsonSchema } from '../src/index.ts'
import type { VariableValues } from '../src/index.ts'
import { deployment } from './deployment.ts'

function places(text: string, variables: VariableValues = {}): string[] {
  const result = parsePlan(text, { deployment, variables })
  if (result.ok) return []
  return result.problems.map(({ code, place }) => `${code} ${place?.pointer} ${place?.line}:${place?.column}`)
}

function planOf(text: string, variables: VariableValues = {}) {
  const result = parsePlan(text, { deployment, variables })
  if (!result.ok) throw new Error(JSON.stringify(result.problems, undefined, 1))
  return result.plan
}

const plan = `version: 1
name: 'to \${{ vars.target }}'
variables:
  target: { type: choice, choices: [test, live], default: test }
  level: { type: integer }
  ratio: { type: number, default: 0.5 }
  keep: { type: boolean, default: true }
  message: { type: string, default: "it's $(HOME); \`x\`" }
items:
  - id: a
    run: deploy --to=\${{ vars.target }} --level \${{vars.level}}
    priority: \${{ vars.level }}
    keepWorkspace: \${{ vars.keep }}
    env: { MESSAGE: "\${{ vars.message }}", LEVEL: "\${{ vars.level }}", LITERAL: "$\${{ vars.level }}" }
  - id: b
    run: [printf, "%s", "\${{ vars.message }}"]
`

describe('variables', () => {
  test('are put into texts, and into fields of their type', () => {
    const { name, items } = planOf(plan, { level: '3', target: 'live', keep: 'false' })
    expect(name).toBe('to live')
    expect(items[0]).toMatchObject({ run: 'deploy --to=live --level 3', priority: 3, keepWorkspace: false })
    expect(items[0]?.env).toEqual({ MESSAGE: "it's $(HOME); `x`", LEVEL: '3', LITERAL: '${{ vars.level }}' })
  })

  test('the plan is the plan with the values in it', () => {
    const written = planOf('version: 1\nitems: [{ id: a, run: x, priority: 3 }]')
    const text = (run: string) =>
      `version: 1\nvariables: { n: { type: integer } }\nitems: [{ id: a, run: ${run}, priority: "\${{ vars.n }}" }]`
    expect(planOf(text('x'), { n: 3 })).toEqual(written)
    expect(planOf(text('[x]'), { n: '3' })).toEqual(written)
    expect(planOf(text('x'), { n: 4 }).digest).not.toBe(written.digest)
  })

  test('a word of a list is one argument, whatever it is', () => {
    const text = `version: 1\nvariables: { v: { type: string } }\nitems: [{ id: a, run: [printf, "%s\\\\0", "x\${{ vars.v }}y", end] }]`
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.constantFrom("'", '"', '$(id)', '`id`', '; id', '\n', '${{ vars.v }}', '~', '*', '-n'),
        ),
        (v) => {
          fc.pre(!v.includes('\0') && v.isWellFormed())
          const run = planOf(text, { v }).items[0]?.run ?? ''
          expect(execFileSync('/bin/sh', ['-c', run], { encoding: 'utf8' })).toBe(`x${v}y\0end\0`)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('what a shell could read as more than text is refused in a line', () => {
    const line = `version: 1\nvariables: { v: { type: string } }\nitems:\n  - id: a\n    run: echo "\${{ vars.v }}"\n    gates: [{ run: "test '\${{ vars.v }}'" }]`
    for (const v of ['a b', "'", '"', '$x', '`x`', ';x', '&', '|', '\n', '\\', '*', '', 'é', '#', '=', '~'])
      expect(places(line, { v })).toEqual([
        'INVALID_INPUT /items/0/run 5:10',
        'INVALID_INPUT /items/0/gates/0/run 6:20',
      ])
    expect(places(line, { v: 'src/a-b_c.ts:5@1%+' })).toEqual([])
  })

  test.each([
    ['a number of a file', 'echo ${{ vars.v }}>out', '2'],
    ['a number of a file to read', 'cat ${{ vars.v }}<in', '2'],
    ['the name of a variable', 'echo "$HO${{ vars.v }}"', 'ME'],
    ['a reserved word', '${{ vars.v }} x', 'while'],
    ['a reserved word after another command', 'true;${{ vars.v }} x', 'time'],
    ['a reserved word in parts', 'i${{ vars.v }} x', 'f'],
  ])('what would be %s is refused in a line', (_, run, v) => {
    const text = (line: string) =>
      `version: 1\nvariables: { v: { type: string } }\nitems:\n  - { id: a, run: ${JSON.stringify(line)} }`
    expect(places(text(run), { v })).toEqual(['INVALID_INPUT /items/0/run 4:19'])
    const apart = run.replace(/\$\{\{.*\}\}/, "'${{ vars.v }}' ")
    expect(places(text(apart), { v })).toEqual([])
  })

  test('a reserved word that the plan has itself is no matter of values', () => {
    const run = 'if true; then echo ${{ vars.v }} >out; fi'
    const text = `version: 1\nvariables: { v: { type: string } }\nitems: [{ id: a, run: '${run}' }]`
    expect(planOf(text, { v: 'iffy' }).items[0]?.run).toBe('if true; then echo iffy >out; fi')
    expect(planOf(text.replace('${{ vars.v }}', 'of-${{ vars.v }}'), { v: 'if' }).items).toHaveLength(1)
  })

  test('values that do not fit, all at once', () => {
    const given = { level: 'high', target: 'lvie', ratio: 'NaN', keep: 'yes', mesage: 'x' }
    expect(places(plan, given)).toEqual([
      'INVALID_INPUT /variables/target 4:3',
      'INVALID_INPUT /variables 4:3',
      'INVALID_INPUT /variables/level 5:3',
      'INVALID_INPUT /variables/ratio 6:3',
      'INVALID_INPUT /variables/keep 7:3',
    ])
    expect(places(plan)).toEqual(['INVALID_INPUT /variables/level 5:3'])
    expect(JSON.stringify(parsePlan(plan, { deployment, variables: { level: 'hunter2' } }))).not.toContain('hunter2')
  })

  test.each([
    ['a type that is none', '{ type: int }', 'INVALID_INPUT /variables/v/type 2:25'],
    ['a default of another type', '{ type: integer, default: "3" }', 'INVALID_INPUT /variables/v/default 2:43'],
    ['a choice without choices', '{ type: choice }', 'INVALID_INPUT /variables/v 2:17'],
    ['choices of a text', '{ type: string, choices: [a] }', 'INVALID_INPUT /variables/v/choices 2:42'],
    [
      'a default that is no choice',
      '{ type: choice, choices: [a], default: b }',
      'INVALID_INPUT /variables/v/default 2:56',
    ],
    ['a field that is none', '{ type: string, defalt: b }', 'INVALID_INPUT /variables/v/defalt 2:33'],
  ])('%s', (_, variable, expected) => {
    expect(places(`version: 1\nvariables: { v: ${variable} }\nitems: [{ id: a, run: x }]`)).toContain(expected)
  })

  test.each([
    ['an unknown name', 'echo ${{ vars.w }}'],
    ['another group', 'echo ${{ env.HOME }}'],
    ['no end', 'echo ${{ vars.v'],
    ['an expression', 'echo ${{ vars.v + 1 }}'],
  ])('a reference with %s', (_, run) => {
    const text = `version: 1\nvariables: { v: { type: integer, default: 1 } }\nitems:\n  - { id: a, run: '${run}' }`
    expect(places(text)).toEqual(['INVALID_INPUT /items/0/run 4:19'])
  })

  test('no id and no key is a reference', () => {
    const text = `version: 1\nvariables: { v: { type: string, default: x } }\nitems:\n  - { id: "\${{ vars.v }}", run: x, env: { "\${{ vars.v }}": y } }`
    expect(places(text)).toEqual([
      'INVALID_INPUT /items/0/id 4:11',
      expect.stringContaining('INVALID_INPUT /items/0/env'),
    ])
  })

  test('texts of a plan that declares none are as they are', () => {
    expect(planOf('version: 1\nitems: [{ id: a, run: "echo ${{ vars.x }} $${{" }]').items[0]?.run).toBe(
      'echo ${{ vars.x }} $${{',
    )
    expect(places('version: 1\nitems: [{ id: a, run: x }]', { v: 1 })).toEqual(['INVALID_INPUT  1:1'])
  })

  test('the schema takes a variable wherever a plan does', () => {
    const written = {
      version: 1,
      variables: Object.fromEntries(
        Object.entries({ r: 'workspace', s: 'patch', p: 'required', k: 'junit', h: 'a.example', m: 'tunnel' }).map(
          ([name, value]) => [name, { type: 'string', default: value }],
        ),
      ),
      items: [
        {
          id: 'a',
          run: 'x',
          patch: '${{ vars.p }}',
          filesystem: { read: ['${{ vars.r }}', 'toolchain'], write: ['${{ vars.r }}'] },
          network: { allow: [{ host: '${{ vars.h }}', mode: '${{ vars.m }}' }] },
          outputs: [{ path: 'o.xml', kind: '${{ vars.k }}' }],
        },
        { id: 'b', run: 'x', needs: { p: { from: 'a', select: '${{ vars.s }}' } } },
      ],
    }
    const holds = matcher(planJsonSchema())
    const matches = (plan: object) => holds(Buffer.from(JSON.stringify(plan)))
    const limits = { cpu: 'none', memory: 'none', pids: 'none', disk: 'none', idle: 'none' } as const
    const holding = {
      ...deployment,
      executors: [{ name: 'sandbox', holds: { filesystem: 'private', network: 'gateway', limits } }],
      egress: { inject: [] },
    } as const
    const result = parsePlan(JSON.stringify(written), { deployment: holding })
    const [a, b] = result.ok ? result.plan.items : []
    expect(result.ok ? [] : result.problems).toEqual([])
    expect(a).toMatchObject({ patch: 'required', outputs: [{ kind: 'junit' }] })
    expect(b?.needs).toEqual([{ name: 'p', from: 0, select: 'patch' }])
    expect(matches(written)).toEqual({ matches: true })
    expect(matches({ ...written, items: [{ id: '${{ vars.s }}', run: 'x' }] })).toMatchObject({ matches: false })
    expect(matches({ ...written, items: [{ id: 'a', run: 'x', patch: 'v' }] })).toMatchObject({ matches: false })
  })

  test('values that would fill memory are refused', () => {
    const many = '${{ vars.v }} '.repeat(5_000)
    const text = `version: 1\nvariables: { v: { type: string } }\nitems: [{ id: a, run: x, prompt: "${many}" }]`
    expect(places(text, { v: 'x'.repeat(32 * 1024) })).toContain('LIMIT_EXCEEDED /items/0/prompt 3:34')
    expect(places(text, { v: 'x'.repeat(32 * 1024 + 1) })).toContain('LIMIT_EXCEEDED /variables/v 2:17')
  })

  test.each([
    ['input', (many: string) => `input: [${many}]`, '/items/0/input/2048'],
    [
      'a schema',
      (many: string) => `outputs: [{ path: x, schema: { enum: [${many}] } }]`,
      '/items/0/outputs/0/schema/enum/2048',
    ],
  ])('whole values that would fill memory are refused in %s', (_, field, pointer) => {
    const text = (times: number) =>
      `version: 1\nvariables: { v: { type: string } }\nitems: [{ id: a, run: x, ${field("'${{ vars.v }}',".repeat(times))} }]`
    const over = (times: number) => places(text(times), { v: 'x'.repeat(32 * 1024) }).map((one) => one.split(' ')[1])
    expect(over(2_049)).toContain(pointer)
    expect(over(2_048)).not.toContain(pointer)
  })
})
