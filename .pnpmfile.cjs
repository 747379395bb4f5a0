'use strict'

module.exports = {
  hooks: {
    /** What is published has no sources: a consumer with a `source` condition of its own must not look for them. */
    beforePacking(manifest) {
      for (const target of Object.values(manifest.exports ?? {})) delete target.source
      delete manifest.scripts
      delete manifest.devDependencies
      // It tells the build what to make.
      delete manifest.seamark
      return manifest
    },
  },
}
