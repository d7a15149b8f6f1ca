/*
 * small_sklearn: scikit-learn's models, written down by hand (small_pickle.h).
 *
 * The tree: x1 <= 0.5 goes to a leaf of 2 and 6, else to one of 3 and 1; nodes are 8 bytes of an
 * order that no scikit-learn has.
 */
#ifndef TESTS_MODEL_SMALL_SKLEARN_H
#define TESTS_MODEL_SMALL_SKLEARN_H

#include "small_pickle.h"

#define FIELD(name, code, order, at) "S'" name "'\n(" DTYPE(code, order) "I" at "\nts"
#define TREE_DTYPE(more, size)                                                                     \
    "cnumpy\ndtype\n(S'V" size                                                                     \
    "'\nI0\nI1\ntR(I3\nS'|'\nN(t(d" FIELD("right_child", "i1", "|", "0")                           \
        FIELD("left_child", "i1", "|", "1") FIELD("feature", "i1", "|", "2")                       \
            FIELD("threshold", "f4", ">", "3") FIELD("impurity", "u1", "|", "7")                   \
                FIELD("weighted_n_node_samples", "u1", "|", "8") more "I" size "\nI1\nI16\ntb"
#define TREE_NODES                                                                                 \
    ARRAY("(I3\nt", TREE_DTYPE("", "9"), "0",                                                      \
          "\\x02\\x01\\x01\\x3f\\x00\\x00\\x00\\x02\\x0c"                                          \
          "\\xff\\xff\\xfe\\x00\\x00\\x00\\x00\\x01\\x08"                                          \
          "\\xff\\xff\\xfe\\x00\\x00\\x00\\x00\\x01\\x04")
/* And where a missing value goes: left. */
#define TREE_NODES_MISSING                                                                         \
    ARRAY("(I3\nt", TREE_DTYPE(FIELD("missing_go_to_left", "u1", "|", "9"), "10"), "0",            \
          "\\x02\\x01\\x01\\x3f\\x00\\x00\\x00\\x02\\x0c\\x01"                                     \
          "\\xff\\xff\\xfe\\x00\\x00\\x00\\x00\\x01\\x08\\x00"                                     \
          "\\xff\\xff\\xfe\\x00\\x00\\x00\\x00\\x01\\x04\\x00")
#define TREE_COUNTS  ARRAY("(I3\nI1\nI2\nt", DTYPE("u1", "|"), "0", "\\x05\\x07\\x02\\x06\\x03\\x01")
#define TREE_NUMBERS ARRAY("(I3\nI1\nI1\nt", DTYPE("i1", "|"), "0", "\\x00\\x02\\xff")
#define TREE_OF(nodes, values)                                                                     \
    "csklearn.tree._tree\nTree\n(I2\nNI1\ntR(d" ATTRIBUTE("nodes", nodes)                          \
        ATTRIBUTE("values", values) "b"

#define CLASSES_OF(count, bytes) ARRAY("(I" count "\nt", DTYPE("u1", "|"), "0", bytes)
#define CLASSES                  CLASSES_OF("2", "\\x00\\x01")
#define DECISION_TREE(more)                                                                        \
    OBJECT("sklearn.tree._classes\nDecisionTreeClassifier",                                        \
           ATTRIBUTE("classes_", CLASSES) ATTRIBUTE("tree_", TREE_OF(TREE_NODES, TREE_COUNTS))     \
               more)
#define DECISION_NUMBER                                                                            \
    OBJECT("sklearn.tree._classes\nDecisionTreeRegressor",                                         \
           ATTRIBUTE("tree_", TREE_OF(TREE_NODES, TREE_NUMBERS)))
#define SCALER(more)                                                                               \
    OBJECT("sklearn.preprocessing._data\nStandardScaler",                                          \
           ATTRIBUTE("mean_", ARRAY("(I2\nt", DTYPE("f8", "<"), "0", F64_1 F64_2))                 \
               ATTRIBUTE("scale_", ARRAY("(I2\nt", DTYPE("f8", "<"), "0", F64_2 F64_4)) more)

#endif
