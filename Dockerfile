# Versions of images are those of test/stack/versions.json; test/unit/stack-versions.test.ts compares.

FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build && npm prune --omit=dev

FROM node:24-slim
# rocksdb-native loads libatomic, which the slim image lacks.
RUN apt-get update \
  && apt-get install -y --no-install-recommends libatomic1 \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY config ./config
# The volume takes its owner from this folder: the process runs as node and writes here.
RUN mkdir state && chown node:node state
USER node
ENV NODE_ENV=production
VOLUME /app/state
ENTRYPOINT ["node", "dist/main.js"]
