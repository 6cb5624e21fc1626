import java.io.FileInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * A client in Java: the arguments are LIBRARY BASE CA LABEL COUNT, LIBRARY being of no use here.
 * All COUNT calls run at once. With LINGER=1 it says `done` and waits for the end of its input.
 */
public class Client {
    static SSLContext trusting(String authority) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (FileInputStream file = new FileInputStream(authority)) {
            store.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(file));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }

    static HttpRequest request(String base, String label, int number) {
        String filler = "Every byte of this prompt counts. ".repeat(60);
        String body = "{\"model\":\"gpt-4o-mini\",\"messages\":[{\"role\":\"user\",\"content\":\""
                + filler + label + "-" + number + ". [[bytes=3000]]\"}]}";
        return HttpRequest.newBuilder(URI.create(base + "/v1/chat/completions"))
                .header("authorization", "Bearer sk-test-made-up-0000")
                .header("content-type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
    }

    public static void main(String[] args) throws Exception {
        HttpClient client = HttpClient.newBuilder().sslContext(trusting(args[2])).build();
        CompletableFuture<?>[] calls = IntStream.range(0, Integer.parseInt(args[4]))
                .mapToObj(number -> client.sendAsync(request(args[1], args[3], number), BodyHandlers.ofString())
                        .thenAccept(response -> {
                            if (response.statusCode() != 200) throw new IllegalStateException("" + response.statusCode());
                        }))
                .toArray(CompletableFuture[]::new);
        CompletableFuture.allOf(calls).join();
        if (System.getenv("LINGER") != null) {
            System.out.println("done");
            System.out.flush();
            System.in.readAllBytes();
        }
    }
}
