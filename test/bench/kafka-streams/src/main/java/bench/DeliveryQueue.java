package bench;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.processor.StateStoreContext;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.internals.CacheFlushListener;
import org.apache.kafka.streams.state.internals.CachedStateStore;

/**
 * The messages of one task on their way: 500 a batch, one in flight, in order. It is a store with a cache to Streams,
 * because nothing else is asked before a commit: what the commit covers is delivered then.
 */
final class DeliveryQueue implements StateStore, CachedStateStore<byte[], byte[]> {
    static final String NAME = "queue";

    private static final int MESSAGES_A_BATCH = 500;
    private static final HttpClient CLIENT =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private static final JsonFactory JSON = new JsonFactory();

    interface Message {
        void writeTo(JsonGenerator out) throws IOException;
    }

    private final HttpRequest.Builder request;
    private ByteArrayOutputStream body;
    private JsonGenerator batch;
    private int messages;
    private CompletableFuture<HttpResponse<Void>> inFlight;

    private DeliveryQueue(URI url) {
        // "bench:" in base64.
        request = HttpRequest.newBuilder(url)
                .header("content-type", "application/json")
                .header("authorization", "Basic YmVuY2g6");
    }

    void add(Message message) throws IOException {
        if (messages == 0) begin();
        message.writeTo(batch);
        messages += 1;
        if (messages == MESSAGES_A_BATCH) send();
    }

    void sendUnlessBusy() {
        if (messages > 0 && (inFlight == null || inFlight.isDone())) send();
    }

    /** Before every commit. */
    @Override
    public void flushCache() {
        if (messages > 0) send();
        await();
    }

    private void begin() throws IOException {
        body = new ByteArrayOutputStream(160_000);
        batch = JSON.createGenerator(body);
        batch.writeStartObject();
        batch.writeArrayFieldStart("batch");
    }

    private void send() {
        await();
        try {
            batch.writeEndArray();
            batch.writeEndObject();
            batch.close();
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
        messages = 0;
        HttpRequest post = request.POST(HttpRequest.BodyPublishers.ofByteArray(body.toByteArray())).build();
        inFlight = CLIENT.sendAsync(post, HttpResponse.BodyHandlers.discarding());
    }

    private void await() {
        if (inFlight == null) return;
        int status = inFlight.join().statusCode();
        inFlight = null;
        if (status != 200) throw new IllegalStateException("the mock Segment server returned " + status);
    }

    @Override
    public boolean setFlushListener(CacheFlushListener<byte[], byte[]> listener, boolean sendOldValues) {
        return false;
    }

    @Override
    public void clearCache() {
        messages = 0;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public void init(StateStoreContext context, StateStore root) {
        context.register(root, (key, value) -> {});
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}

    @Override
    public boolean persistent() {
        return false;
    }

    @Override
    public boolean isOpen() {
        return true;
    }

    record Builder(URI url) implements StoreBuilder<DeliveryQueue> {
        @Override
        public DeliveryQueue build() {
            return new DeliveryQueue(url);
        }

        @Override
        public StoreBuilder<DeliveryQueue> withCachingEnabled() {
            return this;
        }

        @Override
        public StoreBuilder<DeliveryQueue> withCachingDisabled() {
            return this;
        }

        @Override
        public StoreBuilder<DeliveryQueue> withLoggingEnabled(Map<String, String> config) {
            return this;
        }

        @Override
        public StoreBuilder<DeliveryQueue> withLoggingDisabled() {
            return this;
        }

        @Override
        public Map<String, String> logConfig() {
            return Map.of();
        }

        @Override
        public boolean loggingEnabled() {
            return false;
        }

        @Override
        public String name() {
            return NAME;
        }
    }
}
