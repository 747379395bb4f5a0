import { describe, expect, it } from 'vitest'
import { apiOf, difference } from '../api-report.ts'

const before = `import { Right, Left } from '@planted/other';

/** What it is. */
interface Thing {
    /** Of the thing. */
    readonly name: string;
    readonly size?: number;
}
declare const thing: (of: Left) => Right;

export { thing, type Thing };
`

/** The same types, written another way. */
const same: Readonly<Record<string, string>> = {
  prose: before.replace('What it is.', 'Something else.').replace('/** Of the thing. */', ''),
  'the order of declarations': before.replace(
    /(interface Thing \{[^}]*\}\n)(declare const .*\n)/,
    (_, type, value) => `${value}${type}`,
  ),
  'the order of imports and exports': before
    .replace('Right, Left', 'Left, Right')
    .replace('thing, type Thing', 'type Thing, thing'),
}

const changed: Readonly<Record<string, string>> = {
  'a member is gone': before.replace('    readonly size?: number;\n', ''),
  'a member has to be there': before.replace('size?', 'size'),
  'a parameter takes less': before.replace('of: Left', 'of: Left & Right'),
  'an export is gone': before.replace('thing, type Thing', 'thing'),
  'a type is of another package': before.replace('@planted/other', '@planted/third'),
  'members changed places': before.replace(
    /( +readonly name.*\n)( +readonly size.*\n)/,
    (_, name, size) => `${size}${name}`,
  ),
}

describe('the report of an API', () => {
  it.each(Object.keys(same))('is the same whatever %s', (name) => {
    expect(same[name]).not.toBe(before)
    expect(difference(apiOf(before), apiOf(same[name] ?? ''))).toEqual([])
  })
  it.each(Object.keys(changed))('differs where %s', (name) => {
    expect(difference(apiOf(before), apiOf(changed[name] ?? ''))).not.toEqual([])
  })
})
