package dev.firn.e2e.architecture;

import static com.tngtech.archunit.lang.conditions.ArchConditions.callMethodWhere;
import static com.tngtech.archunit.lang.conditions.ArchConditions.not;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_THROW_GENERIC_EXCEPTIONS;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_USE_FIELD_INJECTION;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_USE_JAVA_UTIL_LOGGING;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.lang.ArchRule;
import dev.firn.cdc.breach.CdcKnowsIceberg;
import dev.firn.change.breach.ModelKnowsALibrary;
import dev.firn.config.breach.ConfigKnowsTheModel;
import dev.firn.e2e.architecture.breach.EndsTheProcess;
import dev.firn.e2e.architecture.breach.IsInjected;
import dev.firn.e2e.architecture.breach.KnowsBothSides;
import dev.firn.e2e.architecture.breach.KnowsDebezium;
import dev.firn.e2e.architecture.breach.KnowsIceberg;
import dev.firn.e2e.architecture.breach.KnowsKafka;
import dev.firn.e2e.architecture.breach.LogsByTheJdk;
import dev.firn.e2e.architecture.breach.ThrowsAnything;
import dev.firn.e2e.architecture.breach.UsesTheDaemon;
import dev.firn.e2e.architecture.breach.left.Left;
import dev.firn.e2e.architecture.breach.right.Right;
import dev.firn.iceberg.breach.SinkKnowsCdc;
import dev.firn.reconcile.breach.ReconcilerKnowsIceberg;
import java.util.List;
import java.util.Set;

/** What may know what, and a class that breaks each rule, so that every rule is seen to bite. */
enum Arrow {
  ONLY_CDC_KNOWS_DEBEZIUM(
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.firn.cdc..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.debezium..", "org.apache.kafka.."),
      List.of(KnowsDebezium.class, KnowsKafka.class)),

  ONLY_THE_SINK_KNOWS_ICEBERG(
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.firn.iceberg..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.apache.iceberg..", "org.apache.parquet.."),
      List.of(KnowsIceberg.class)),

  THE_MODEL_KNOWS_THE_JDK_ALONE(
      classes()
          .that()
          .resideInAPackage("dev.firn.change..")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage("java..", "org.jspecify..", "dev.firn.change.."),
      List.of(ModelKnowsALibrary.class)),

  CONFIG_KNOWS_NOTHING_OF_FIRN(
      noClasses()
          .that()
          .resideInAPackage("dev.firn.config..")
          .should()
          .dependOnClassesThat(firnOutside("dev.firn.config")),
      List.of(ConfigKnowsTheModel.class)),

  THE_RECONCILER_KNOWS_NEITHER_SIDE(
      noClasses()
          .that()
          .resideInAPackage("dev.firn.reconcile..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "io.debezium..",
              "org.apache.kafka..",
              "org.apache.iceberg..",
              "dev.firn.cdc..",
              "dev.firn.iceberg.."),
      List.of(ReconcilerKnowsIceberg.class)),

  ONLY_THE_DAEMON_KNOWS_CDC(
      noClasses()
          .that()
          .resideOutsideOfPackages("dev.firn.cdc..", "dev.firn.daemon..", "dev.firn.quickstart..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("dev.firn.cdc.."),
      List.of(KnowsBothSides.class, SinkKnowsCdc.class)),

  ONLY_THE_DAEMON_KNOWS_THE_SINK(
      noClasses()
          .that()
          .resideOutsideOfPackages(
              "dev.firn.iceberg..", "dev.firn.daemon..", "dev.firn.quickstart..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("dev.firn.iceberg.."),
      List.of(KnowsBothSides.class, CdcKnowsIceberg.class)),

  NOTHING_BUT_THE_QUICKSTART_STANDS_ON_THE_DAEMON(
      noClasses()
          .that()
          .resideOutsideOfPackages("dev.firn.daemon..", "dev.firn.quickstart..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.firn.daemon..", "dev.firn.quickstart.."),
      List.of(UsesTheDaemon.class)),

  PACKAGES_FORM_NO_RING(
      slices().matching("dev.firn.(**)").should().beFreeOfCycles(),
      List.of(Left.class, Right.class)),

  ONLY_A_MAIN_ENDS_THE_PROCESS(
      classes()
          .that(areNoMain())
          .should(not(callMethodWhere(endsTheProcess())))
          .as("only a main ends the process"),
      List.of(EndsTheProcess.class)),

  NOBODY_LOGS_BY_THE_JDK(NO_CLASSES_SHOULD_USE_JAVA_UTIL_LOGGING, List.of(LogsByTheJdk.class)),

  NOBODY_IS_INJECTED_BY_FIELD(NO_CLASSES_SHOULD_USE_FIELD_INJECTION, List.of(IsInjected.class)),

  NOBODY_THROWS_JUST_ANYTHING(
      NO_CLASSES_SHOULD_THROW_GENERIC_EXCEPTIONS, List.of(ThrowsAnything.class));

  private final ArchRule rule;
  private final List<Class<?>> breaches;

  Arrow(ArchRule rule, List<Class<?>> breaches) {
    this.rule = rule;
    this.breaches = breaches;
  }

  /** The rule. */
  ArchRule rule() {
    return rule.allowEmptyShould(true);
  }

  /** Classes that break it. */
  List<Class<?>> breaches() {
    return breaches;
  }

  private static DescribedPredicate<JavaClass> firnOutside(String own) {
    return DescribedPredicate.describe(
        "are Firn's and outside of " + own,
        other ->
            other.getPackageName().startsWith("dev.firn.")
                && !(other.getPackageName() + ".").startsWith(own + "."));
  }

  private static DescribedPredicate<JavaMethodCall> endsTheProcess() {
    Set<String> ends =
        Set.of("java.lang.System.exit", "java.lang.Runtime.exit", "java.lang.Runtime.halt");
    return DescribedPredicate.describe(
        "the process is ended",
        call -> ends.contains(call.getTargetOwner().getName() + "." + call.getName()));
  }

  private static DescribedPredicate<JavaClass> areNoMain() {
    return DescribedPredicate.describe(
        "are no main of the daemon or the quickstart",
        candidate ->
            !(candidate.getPackageName().equals("dev.firn.daemon")
                    || candidate.getPackageName().equals("dev.firn.quickstart"))
                || candidate.tryGetMethod("main", String[].class).isEmpty());
  }
}
