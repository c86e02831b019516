# Versions of images are those of test/stack/versions.json; test/unit/stack-versions.test.ts compares.

# Debezium's connector with what it needs, as test/stack/download.ts brings it: the versions come from versions.json.
FROM maven:3.9-eclipse-temurin-21 AS plugins
WORKDIR /stack
COPY test/stack/pom.xml test/stack/versions.json ./
RUN mvn --batch-mode --quiet --file pom.xml --activate-profiles debezium-postgres \
  $(sed -n 's/^ *"\(.*\)": "\(.*\)",*$/-D\1.version=\2/p' versions.json) \
  -DoutputDirectory=/plugins/debezium-postgres -DincludeScope=runtime \
  dependency:copy-dependencies

# Kafka Connect with that connector, for docker-compose.yml.
FROM apache/kafka:4.1.1 AS connect
COPY --from=plugins /plugins /opt/kafka/plugins
COPY test/stack/connect.properties /opt/kafka/config/connect.properties
EXPOSE 8083
CMD ["/opt/kafka/bin/connect-distributed.sh", "/opt/kafka/config/connect.properties"]

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
# The volume inherits the owner of this directory. The process writes only here, and `preview` in /tmp, so the root
# file system may be read-only.
RUN mkdir state && chown node:node state
# The user node by number: Kubernetes' runAsNonRoot does not resolve names.
USER 1000:1000
ENV NODE_ENV=production
# A smaller young generation and fewer arenas: a quarter less memory, for a tenth of the highest rate (docs/benchmarks.md).
ENV NODE_OPTIONS=--max-semi-space-size=8 MALLOC_ARENA_MAX=2
VOLUME /app/state
# The status port of `run`, where `status.host` is 0.0.0.0. Its health is asked by who starts it (docker-compose.yml,
# deploy/kubernetes.yaml): `replay` and `check` have none.
EXPOSE 8686
ENTRYPOINT ["node", "dist/main.js"]
