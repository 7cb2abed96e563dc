// The language of tpc. What the words mean stands in LANGUAGE.md.
// One token of lookahead decides nearly everywhere (three in `setting`); chains are loops, so that only brackets nest.
grammar TensorProgram;

file : declaration* EOF ;

declaration
    : program
    | network
    | function
    | parametrization
    | optimizer
    | train
    | step
    ;

program : 'program' name '{' statement* '}' ;

network : 'network' name '(' (input (',' input)*)? ')' '{' statement* '}' ;

input : name (':' shape)? ;

function : 'function' name '(' (name (',' name)*)? ')' ('=' expression | '{' assignment* 'return' expression '}') ;

parametrization : 'parametrization' (name ('by' 'role')?)? entries? ;

entries : '{' (entry ','?)* '}' ;

entry : target ':' '(' argument (',' argument)* ')' ;

optimizer : 'optimizer' name '(' (parameter (',' parameter)*)? ')' '{' slot* assignment* '}' ;

parameter : name ('=' expression)? ;

slot : 'slot' name ;

train : 'train' '{' setting* '}' ;

setting
    : settingName name STRING NUMBER?
    | settingName STRING NUMBER?
    | settingName expression
    ;

settingName : name | 'optimizer' ;

step : ('step' | 'test') name '(' (input (',' input)*)? ')' '{' axis* slot* (assignment | loop | result)* '}' ;

statement
    : width
    | axis
    | random
    | weight
    | assignment
    | loop
    | result
    ;

width : 'width' name ('=' expression)? ;

axis : 'axis' name ('=' expression)? ;

random : ('matrix' | 'vector' | 'scalar') target ':' shape '~' expression ;

weight : 'weight' target ':' shape ;

assignment : target (',' target)* '=' expression ;

loop : 'for' name 'in' expression '..' expression '{' statement* '}' ;

result : 'return' expression (',' expression)* ;

target : name indices? ;

indices : '[' expression (',' expression)* ']' ;

shape : '[' (expression (',' expression)*)? ']' ;

expression : product (('+' | '-') product)* ;

product : factor (('*' | '/') factor)* ;

factor : '-'* postfix ('^' '-'? postfix)? ;

postfix : primary '\''* ;

primary
    : NUMBER
    | name (arguments | indices)?
    | '(' expression ')'
    ;

arguments : '(' (argument (',' argument)*)? (';' expression)? ')' ;

argument
    : name 'in' expression '..' expression
    | (name ':')? expression (comparison expression)?
    ;

comparison : '<' | '<=' | '>' | '>=' | '==' | '!=' ;

// Words that only mean something in one place stay free as names.
name : NAME | 'role' | 'by' | 'slot' | 'in' | 'scalar' | 'axis' | 'step' | 'test' ;

NUMBER : DIGIT+ ('.' DIGIT+)? ([eE] [+-]? DIGIT+)? ;
NAME : [\p{L}_] [\p{L}\p{Nd}_]* ;
STRING : '"' ~["\r\n]* '"' ;
UNTERMINATED : '"' ~["\r\n]* ;
COMMENT : '//' ~[\r\n]* -> skip ;
SPACE : [ \t\r\n]+ -> skip ;
OTHER : . ;

fragment DIGIT : [0-9] ;
