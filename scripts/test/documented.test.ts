import { expect, it } from 'vitest'
import { documentedProblems } from '../documented.ts'
import { simpleCommands } from '../documented/commands.ts'

const block = (language: string, ...lines: readonly string[]): string =>
  `\`\`\`${language}\n${lines.join('\n')}\n\`\`\`\n`
/** A page, and the lines of it that are wrong. */
const page = (path: string, ...blocks: readonly string[]) => ({ path, text: blocks.join('\n') })

it('finds what no reader could use, with its place, and nothing else', { timeout: 300_000 }, async () => {
  const files = [
    page(
      'docs/how-to/good.md',
      block('js', 'export default {', '  budgets: { day: { usd: 5 } },', '  secrets: mine(process.env),', '}'),
      block('ts', 'dockerExecutor({ image })', "export const call = async () => theirs.resolve('x')"),
      block('yaml', 'items:', '  - { id: a, run: ls, executor: docker, agent: writer }'),
      block('sh', 'seamark run -- npx eslint --fix', "seamark run - <plan.yaml | jq '.a; .b' # as it is"),
      block('console', '$ seamark status last', 'whatever --it shows'),
      block('json', '{ "a": 1 }'),
      `<!-- checked by a.test.ts -->\n\n${block('yaml', 'turns: 3')}`,
    ),
    { path: 'a.test.ts', text: "read('good.md')" },
    page('docs/how-to/config.md', block('js', 'export default {', '  budgets: { day: { eur: 5 } },', '}')),
    page('docs/how-to/called.md', block('ts', 'dockerExecutor({', '  pictures: [],', '})')),
    page('docs/how-to/text.md', block('js', 'egress: {', '  a: 1,', '}')),
    page('packages/kit/README.md', block('ts', "import { none } from '@seamark/kit'")),
    page('docs/how-to/plan.md', block('yaml', 'items:', '  - { id: a, rum: ls }')),
    page('docs/how-to/part.md', block('', 'version: 1', 'items: [{ id: a, run: ls, needs: [b] }]')),
    page('docs/how-to/agent.md', block('yaml', '# agent.yaml', 'name: writer')),
    page('docs/how-to/option.md', block('sh', 'cd x && seamark status --all')),
    page('docs/how-to/command.md', block('console', '$ seamark stat')),
    page('docs/how-to/shell.md', block('sh', 'for a in b; do')),
    page('docs/how-to/json.md', block('json', '{ a: 1 }')),
    page('docs/how-to/other.md', block('cobol', 'STOP RUN.')),
    page('docs/how-to/unread.md', `<!-- checked by a.test.ts -->\n\n${block('json', '{')}`),
  ]
  const places = (await documentedProblems(files)).map((problem) => problem.split(': ')[0])
  expect(new Set(places)).toEqual(
    new Set([
      'docs/how-to/config.md:3',
      'docs/how-to/called.md:3',
      'docs/how-to/text.md:4',
      'packages/kit/README.md:2',
      'docs/how-to/plan.md:1',
      'docs/how-to/part.md:1',
      'docs/how-to/agent.md:1',
      'docs/how-to/option.md:1',
      'docs/how-to/command.md:1',
      'docs/how-to/shell.md:1',
      'docs/how-to/json.md:1',
      'docs/how-to/other.md:1',
      'docs/how-to/unread.md:3',
    ]),
  )
})

it.each([
  ['a b && c | d # e', [['a', 'b'], ['c'], ['d']]],
  ['a \'b ; c\'"d" >e 2>&1 f <g', [['a', 'b ; cd', 'f']]],
  ['a \\\n  b', [['a', 'b']]],
  ['source <(a b)', [['source'], ['a', 'b']]],
])('reads %j as the shell does', (text, commands) => {
  expect(simpleCommands(text)).toEqual(commands)
})
