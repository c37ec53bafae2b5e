global using OrleansStream.Kafka.Wire;
