import type { DetectedProject } from './project.ts'

/** The configuration beside a plan whose set-up asks registries: set-ups may read from them, and items reach nothing. */
export function configText(projects: readonly DetectedProject[]): string | undefined {
  const registries = projects.flatMap(({ setup }) =>
    setup === undefined ? [] : setup.hosts.map((host) => ({ host, kind: setup.registry })),
  )
  if (registries.length === 0) return undefined
  const allow = registries.map(({ host }) => `{ host: '${host}', mode: 'intercept', methods: ['GET'] }`)
  const kept = registries.map(({ host, kind }) => `{ host: '${host}', kind: '${kind}' }`)
  return `// What holds for every plan that is run from here. Items reach nothing; set-ups may read packages.
export default {
  setup: {
    policy: {
      network: {
        allow: [
          ${allow.join(',\n          ')},
        ],
      },
    },
  },
  egress: {
    // Files of packages are kept on this machine for the next set-up.
    packages: {
      registries: [
        ${kept.join(',\n        ')},
      ],
    },
  },
}
`
}
